"""Secrets and personal data for tests: made up or from the documentation of their issuers, none of them anybody's."""

from __future__ import annotations

TEXTS = {
    "email": "alice.zq@example.com",
    "phone, international": "+31 6 12345678",
    "phone, plain": "+14155552671",
    "phone, local": "(415) 555-2671",
    "card": "4111 1111 1111 1111",
    "card, plain": "5555555555554444",
    "card, fifteen digits": "371449635398431",
    "iban": "NL91ABNA0417164300",
    "iban, in groups": "DE89 3704 0044 0532 0130 00",
    "ssn": "078-05-1120",
    "cpf": "123.456.789-09",
    "nino": "QQ123456C",
    "dni": "12345678Z",
    "bsn": "111222333",
    "aadhaar": "2345 6789 0123",
    "codice fiscale": "RSSMRA85T10A562S",
    "passport": "X12345678",
    "ipv4": "192.168.10.21",
    "ipv6": "2001:db8::8a2e:370:7334",
    "mac address": "00:1B:44:11:3A:B7",
    "uuid": "123e4567-e89b-12d3-a456-426614174000",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcDEF",
    "aws key": "AKIA" + "IOSFODNN7EXAMPLE",
    "github token": "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a",
    "slack token": "xoxb-" + "123456789-abcdef",
    "google key": "AIza" + "SyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY",
    "bearer": "Bearer abcdef123456",
    "basic": "Basic YWxpY2U6c2VjcmV0",
    "url with credentials": "https://bob:pw@db.example.com/x",
    "hex token": "9f86d081884c7d659a2feaa0c55ad015",
    "base64 token": "dGhpcyBpcyBhIHNlY3JldA==",
    "connection string": "Server=db;Password=hunter2",
    "coordinates": "52.37021, 4.89525",
    "generated password": "P@ssw0rd!17x",
    "date of birth": "1985-04-12",
    "postal address": "221B Baker Street",
    "prose": "My name is Alice Zq and I live in Paris",
}
NAMES = (
    "zq_password", "ZqUserPassword", "ZQ_PASSWD", "zq-pwd", "zq_client_secret", "zqAccessToken", "zq_api_key", "X-Zq-Api-Key",
    "zqAuthorization", "zq_cookie", "zq_session_id", "ZqEmail", "zq_e-mail", "zqPhoneNumber", "zq.mobile_phone", "zq_ssn",
    "ZqIBAN", "zq_card_number", "zqCreditCard", "zq_cvv", "zq_dob", "zq_date_of_birth", "zqHomeAddress", "zq_ip_address",
    "zq_contraseña", "zqMotDePasse", "zq_senha", "zq_wachtwoord", "ZqPasswort", "zqпароль", "zq密码", "zqパスワード",  # noqa: RUF001  # Cyrillic is meant
    "zq_telefon", "zqGeburtsdatum", "zq_username", "zq_first_name", "alice.zq@example.com", "078-05-1120",
    "zq.phone", "zq.phone_number", "zq.billing.card_no", "zq_phone_home", "is_zq_customer.email", "has_zq.account.password",
    "zqStatus.email", "zq.model.phone",
)  # fmt: skip
NUMBERS = ("4111111111111111", "371449635398431", "31612345678", "111222333", "234567890123", "5555555555554444")
HARMLESS = (
    "NL", "New York", "setosa", "Married-civ-spouse", "10 to 20 years", "no known savings", "v1.2.3", "123456.78", "SKU-1234",
    "premium_plus_2024", "Some-college", "chrome/120.0", "Europe/Amsterdam", "iPhone 14 Pro", "1000-2000", "C85", "radio/tv",
    "r50_imagenet_v2_fp16", "true", "1,234.50",
)  # fmt: skip
HARMLESS_NAMES = (
    "age", "sepal length (cm)", "f0", "x[0]", "MedInc", "Latitude", "od280/od315_of_diluted_wines", "max_tokens", "n_tokens",
    "session_length", "has_phone", "password_length", "email_count", "card_type", "native-country", "prediction", "V28",
    "passenger_count", "pass_rate", "authority", "spin", "mailing_list", "income per month in euros", "2024-01-01", "zip",
    "home.has_phone", "is_email_verified", "n_phone_calls", "has_card", "email_opt_in", "phone_model", "customer_has_phone",
    "home.hasPhone", "a.b.is_email_verified", "user.email.length", "PhoneService", "customer.phone.type", "time_since_last_login",
    "emailOptOut", "n.phone.calls", "login_failures", "calls_per_phone", "address.on_file", "otp_enabled",
)  # fmt: skip
