"""What looks like a secret or like personal data: names of columns, texts, and columns of numbers.

Pure: regular expressions, checksums and lists of words. It errs on the side of silence, since what it takes for a secret is
merely not shown, and whoever wants it shown declares it. It cannot recognise a password such as `hunter2` or a person's
name by its text; the names of their columns, or how rarely each occurs, give those away (`reference.consent`).
"""

from __future__ import annotations

import functools
import ipaddress
import re
import unicodedata
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from sidecar.core.words.arrays import Floats
from sidecar.plain_text import HIDDEN

NAMES_OF_THINGS = frozenset({"", "date", "token", "number", "document number"})
"""Kinds of text that models and versions may be called, too: dates, numbers and digests."""
PROSE = frozenset({"prose", "text"})
"""Kinds of text that are many words."""
_MOST_PARTS = 6
"""As many as dots part in telephone numbers, addresses and dates."""
LONGEST_NAME = 128
"""Characters of a column's name; longer ones are prose."""
_MENTIONED = 40
"""Characters of a name in a message."""

_CREDENTIAL_WORDS = (
    "password", "passwd", "passwort", "passphrase", "passcode", "pwd", "secret", "token", "apikey", "authorization",
    "authentication", "bearer", "cookie", "credential", "credentials", "jwt", "otp", "pin", "pincode", "csrf", "xsrf",
    "contrasena", "clave", "senha", "wachtwoord", "haslo", "kennwort", "losenord", "salasana", "parola", "sifre",
    "privatekey", "accesskey", "secretkey", "sessionid", "sessionkey", "motdepasse", "creds", "passw", "lozinka", "heslo",
    "jelszo", "adgangskode", "passord", "auth",
)  # fmt: skip
_PERSONAL_WORDS = (
    "email", "mail", "phone", "telephone", "telefon", "telefono", "telefone", "telefoon", "cellphone",
    "ssn", "bsn", "nino", "cpf", "curp", "dni", "nif", "nie", "pesel", "aadhaar", "aadhar", "steuerid", "burgerservicenummer",
    "iban", "bic", "swift", "cvv", "cvc", "dob", "birthdate", "birthday", "geburtsdatum", "geboortedatum", "passport",
    "pasaporte", "passeport", "reisepass", "paspoort", "username", "login", "surname", "firstname", "lastname", "fullname",
    "nachname", "vorname", "apellido", "achternaam", "address", "adresse", "direccion", "endereco", "indirizzo", "adres",
    "correo", "courriel", "creditcard", "debitcard", "cardnumber", "kreditkarte", "tarjeta", "kreditkort", "ccnumber",
    "accountnumber", "kontonummer", "taxid", "nationalid", "socialsecurity", "licenseplate", "ipaddress", "macaddress",
    "imei", "mrn", "nhs", "fnac", "naissance", "nacimiento", "nascimento", "nascita", "phonenumber", "emailaddress",
)  # fmt: skip
_PAIRS = frozenset(
    {
        ("api", "key"), ("access", "key"), ("private", "key"), ("secret", "key"), ("session", "id"), ("session", "key"),
        ("pass", "phrase"), ("pass", "code"), ("pass", "word"), ("sort", "code"), ("security", "code"), ("credit", "card"),
        ("debit", "card"), ("card", "number"), ("card", "no"), ("card", "nr"), ("card", "num"), ("account", "number"),
        ("account", "no"), ("account", "nr"), ("routing", "number"), ("tax", "id"), ("national", "id"), ("social", "security"),
        ("e", "mail"), ("birth", "date"), ("of", "birth"), ("user", "name"), ("first", "name"), ("last", "name"),
        ("full", "name"), ("given", "name"), ("family", "name"), ("maiden", "name"), ("license", "plate"), ("ip", "addr"),
        ("drivers", "license"), ("driver", "license"), ("id", "card"), ("mot", "passe"), ("de", "passe"), ("signing", "key"),
        ("encryption", "key"), ("license", "key"), ("carte", "bancaire"), ("health", "insurance"), ("mobile", "number"),
    }
)  # fmt: skip
_CREDENTIAL_ENDS = frozenset({"key", "code", "word", "phrase", "passe"})
_WHOLE = frozenset(
    {"session", "sid", "card", "carte", "karte", "ip", "tel", "mac", "cc", "pass", "key", "gsm", "plate", "mobile", "handy",
     "pan"}
)  # fmt: skip
"""Words that say it only where they are the whole name."""
_ELSEWHERE = (
    "пароль", "密码", "密碼", "パスワード", "비밀번호", "पासवर्ड", "كلمة", "סיסמ", "токен", "секрет", "トークン", "令牌",
    "电话", "手机", "電話", "携帯", "전화", "телефон", "邮箱", "邮件", "メール", "이메일", "почт", "住所", "地址", "주소",
    "адрес", "身份证", "カード番号", "银行卡", "паспорт", "هاتف", "بريد", "ईमेल", "фамилия", "生日", "生年月日",
)  # fmt: skip
"""The same in scripts that do not part words as Latin does, as parts of a name."""
_MEASURED_FIRST = frozenset(
    {"has", "is", "num", "n", "count", "days", "months", "years", "hours", "avg", "mean", "max", "min"}
)
_MEASURED_LAST = frozenset(
    {"count", "counts", "length", "len", "rate", "ratio", "share", "score", "type", "flag", "days", "months", "years", "age",
     "verified", "valid", "changes", "changed", "attempts", "duration", "seconds", "set", "present", "entropy", "strength",
     "model", "brand", "os", "call", "calls", "minutes", "service", "plan", "usage", "price", "provider", "frequency",
     "campaign", "optin", "optout", "opened", "opens", "clicked", "clicks", "sent", "received", "bounced", "subscribed",
     "enabled", "disabled", "required", "confirmed", "failed", "failures", "known", "missing", "available", "provided",
     "exists", "status"}
)  # fmt: skip
_MEASURED_LAST_PAIRS = frozenset({("opt", "in"), ("opt", "out"), ("signed", "up"), ("on", "file")})
_ASKED = frozenset({"has", "have", "had", "is", "was", "does", "since", "per"})
"""Words after which something is asked or counted of what follows, wherever they stand (`customer_has_phone`)."""

_TELLING = (*_CREDENTIAL_WORDS, *_PERSONAL_WORDS)
_LONG = tuple(word for word in _TELLING if len(word) >= 6)
_WORD = re.compile(r"[^\W\d_]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

_CARD = re.compile(r"(?<![\d.])\d(?:[ -]?\d){12,18}(?!\d)")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b", re.IGNORECASE)
_DATE = re.compile(r"\d{4}([-/.])\d{1,2}\1\d{1,2}(?:[T ].*)?|\d{1,2}([-/.])\d{1,2}\2\d{4}(?:[T ].*)?")
_DECIMAL = re.compile(r"[-+]?\d{1,8}(?:\.\d*)?(?:e[-+]?\d+)?|[-+]?\d*\.\d+(?:e[-+]?\d+)?", re.IGNORECASE)
_TEXTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("private key", re.compile(r"-----BEGIN ")),
    ("url with credentials", re.compile(r"[a-z][a-z0-9+.-]*://[^/\s@]+@", re.IGNORECASE)),
    ("email", re.compile(r"[^\s@<>\"',;]+@[^\s@<>\"',;]+\.[^\W\d_]{2,}")),
    ("jwt", re.compile(r"\beyJ[\w-]{5,}(?:\.[\w-]+)*")),
    (
        "api key",
        re.compile(
            r"\b(?:(?:sk|pk|rk)[-_](?:live|test|proj|ant|[A-Za-z0-9]{8})|gh[pousr]_|github_pat_|glpat-|xox[a-z]-|AKIA|ASIA|AIza"
            r"|ya29\.|hf_[A-Za-z]|npm_[A-Za-z]|SG\.|dop_v1_|shpat_|whsec_)[\w.-]{4,}"
        ),
    ),
    ("credential", re.compile(r"\b(?:bearer|basic|digest)\s+[\w+/=.~-]{6,}", re.IGNORECASE)),
    (
        "credential",
        re.compile(
            r"(?:password|passwd|pwd|secret|token|api_?key|session\w*|accountkey|sharedaccesskey)\s*[=:]\s*\S+",
            re.IGNORECASE,
        ),
    ),
    ("national id", re.compile(r"(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)")),
    ("coordinates", re.compile(r"-?\d{1,3}\.\d{3,}\s*[,;]\s*-?\d{1,3}\.\d{3,}")),
    ("mac address", re.compile(r"\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b", re.IGNORECASE)),
    ("phone", re.compile(r"(?<![\w.])(?:\+|00)\d(?:[\s().-]*\d){7,14}(?!\w)")),
    ("phone", re.compile(r"(?<![\w.])\(?\d{2,5}\)?[\s.-]\d{2,4}(?:[\s.-]\d{2,4}){1,4}(?![\w.])")),
    (
        "postal address",
        re.compile(
            r"(?=.*\d)(?=.*\s).*(?:\b(?:street|st|road|rd|avenue|ave|lane|drive|boulevard|square|rue|via|calle|rua|plaza|ulica)\b"
            r"|stra(?:ss|ß|at)|weg\b|gasse|plein\b|gracht|laan\b)",
            re.IGNORECASE,
        ),
    ),
)
_IPV4 = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
_SPOKEN = re.compile(r"\S\s+\S")
_PROSE_WORDS, _PROSE_CHARACTERS = 5, 64
"""A text with as many words of letters, or of more characters, is prose."""
_TITLE_WORDS = 6
"""A column may be called by as many, with its unit."""
_RANGE = re.compile(r"\D{0,2}\d{1,6}\s*(?:-|\u2013|to)\s*\d{1,6}\D{0,2}")
_PLAIN = re.compile(r"(?:[^\W\d_]+\d{0,3}|\d{1,4})(?:[_./:-](?:[^\W\d_]+\d{0,3}|\d{1,4}))*")
"""Words with few digits, joined as in `r50_imagenet_v2`: no token, however long."""
_LONG_TOKEN, _SHORT_TOKEN = 16, 8
_ID_DIGITS = 6
"""Digits of a short text without blanks that is no number: document numbers have at least about so many."""
_ISSUERS = re.compile(r"4|5[1-5]|2[2-7]|3[47]|3[0689]|6")
"""First digits of the numbers of payment cards (ISO/IEC 7812)."""

_DIGITS = (9, 15)
_ALIKE = 0.8
_MOSTLY = 0.5
_APART = 1_000


@functools.lru_cache(maxsize=4096)
def kind_of_name(name: str) -> str:
    """`credential` or `personal` if a column of this name holds such data, the kind of text if the name itself is one; else
    empty. A measurement of such data (`has_phone`, `password_length`) is none.
    """
    folded = _folded(name)
    if len(name) > LONGEST_NAME:
        return "text"
    if any(word in name.casefold() or word in folded for word in _ELSEWHERE):
        return "personal"
    words = _words(name)
    found = kind_of_text(name)
    is_title = found == "prose" and len(words) <= _TITLE_WORDS
    as_text = "" if is_title or (found == "date" and not words) else found
    if _is_measurement(name):
        return as_text
    if any(word in _CREDENTIAL_WORDS for word in words) or _glued(folded, _CREDENTIAL_WORDS):
        return "credential"
    pairs = set(pairwise(words)) & _PAIRS
    personal = any(word in _PERSONAL_WORDS for word in words) or _glued(folded, _PERSONAL_WORDS)
    if pairs or personal or (len(words) == 1 and words[0] in _WHOLE):
        is_key = any(pair[1] in _CREDENTIAL_ENDS for pair in pairs) or words in (["pass"], ["sid"])
        return "credential" if is_key else "personal"
    return as_text


def _words(name: str) -> list[str]:
    return [word.lower() for part in _CAMEL.split(_unaccented(name)) for word in _WORD.findall(part.replace("_", " "))]


def _is_measurement(name: str) -> bool:
    """Whether a name tells of a measurement of such a thing (`has_phone`, `password_length`), which is none.

    With dots the last part decides: `home.has_phone` asks a question, and `is_customer.email` is an address. A lone word before
    the first dot counts as well (`n.phones`), since some join words by dots.
    """
    *outer, last = map(_words, name.split("."))
    first = outer[0] if outer else []
    return bool(last) and (
        last[0] in _MEASURED_FIRST
        or last[-1] in _MEASURED_LAST
        or tuple(last[-2:]) in _MEASURED_LAST_PAIRS
        or not _ASKED.isdisjoint(last[:-1])
        or (len(first) == 1 and first[0] in _MEASURED_FIRST)
    )


@functools.lru_cache(maxsize=4096)
def kind_of_column(name: str) -> str:
    """As `kind_of_name`, also for an element `name[0]` of a vector, and for keys and dots between them: of `scores.1985-04-12`,
    where a class is called by what was asked.
    """
    column = name.partition("[")[0]
    return kind_of_name(name) or kind_of_name(column) or next(filter(None, map(_kind_of_part, _runs(column))), "")


def _kind_of_part(text: str) -> str:
    found = kind_of_text(text)
    return "" if found == "prose" and len(_WORD.findall(text)) <= _TITLE_WORDS else found


def _runs(name: str) -> Iterator[str]:
    """Neighbouring parts of a name with dots, without the whole."""
    parts = name.split(".")
    for start in range(len(parts)):
        for end in range(start + 1, min(start + _MOST_PARTS, len(parts)) + 1):
            if end - start < len(parts):
                yield ".".join(parts[start:end])


@functools.lru_cache(maxsize=4096)
def kind_of_text(text: str) -> str:
    """What a text looks like, e.g. `email`, `card`, `token`; empty if it looks like a plain category or number."""
    stripped = text.strip()
    if len(stripped) < _ID_DIGITS or _DECIMAL.fullmatch(stripped):
        return ""
    if _DATE.fullmatch(stripped):
        return "date"
    for kind, pattern in _TEXTS:
        if pattern.search(stripped):
            return kind
    for kind, looks in _CHECKED:
        if looks(stripped):
            return kind
    return ""


def is_credential(name: str) -> bool:
    """Whether a request with such a column is a login rather than a row of features."""
    return kind_of_name(name) == "credential"


def are_identifiers(numbers: Floats) -> bool:
    """Whether a column of numbers (n,), NaN where missing, holds numbers of cards, phones or people: a value that is a card's;
    whole numbers of 9 to 15 digits, mostly and equally long, or a few that are no round ones among numbers a thousand times
    smaller. The edges of its bins would be such numbers.
    """
    known = np.abs(numbers[np.isfinite(numbers)])
    whole = known[(known >= 10 ** (_DIGITS[0] - 1)) & (known < 1e19) & (known % 1 == 0)]
    if not len(whole):
        return False
    if any(is_card(str(int(number))) for number in np.unique(whole[whole >= 1e12]).tolist()):
        return True
    odd = whole[(whole % 1_000 != 0) & (np.log10(whole + 1) % 1 != 0)]
    if len(odd) and np.median(known) * _APART < odd.min():
        return True
    _, alike = np.unique(np.floor(np.log10(whole)), return_counts=True)
    few_digits = whole < 10 ** _DIGITS[1]
    return bool(few_digits.sum() > _MOSTLY * len(known) and alike.max() >= _ALIKE * len(whole))


def is_card(digits: str) -> bool:
    """Whether digits are a payment card's: an issuer, 13 to 19 digits, and the check digit of Luhn (ISO/IEC 7812-1)."""
    if not 13 <= len(digits) <= 19 or not _ISSUERS.match(digits):
        return False
    doubled = [int(digit) * (1 + at % 2) for at, digit in enumerate(reversed(digits))]
    return sum(number - 9 * (number > 9) for number in doubled) % 10 == 0


def quoted(name: str) -> str:
    """A name of a client's in quotes, for a message: at most 40 characters, or `HIDDEN` if it looks like a secret. That is
    decided here, since nobody can tell it by the first characters alone.
    """
    return repr(HIDDEN if kind_of_column(name) or kind_of_text(name) else name[:_MENTIONED])


def scrubbed(text: str) -> str:
    """A message for people, in which every name and text that looks like a secret is `HIDDEN`."""
    return _MENTION.sub(_scrub, text)


_MENTION = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^\s'\"]+")


def _scrub(found: re.Match[str]) -> str:
    word = found[0]
    if word[0] in "'\"":
        inner = word.strip("'\"")
        return f"'{HIDDEN}'" if kind_of_column(inner) or kind_of_text(inner) else word
    return HIDDEN if kind_of_text(word.strip(".,;:()")) else word


def _folded(name: str) -> str:
    """Letters alone, in lower case and without accents."""
    return "".join(filter(str.isalpha, _unaccented(name))).casefold()


def _unaccented(name: str) -> str:
    return "".join(one for one in unicodedata.normalize("NFKD", name) if not unicodedata.combining(one))


def _glued(folded: str, words: tuple[str, ...]) -> bool:
    """Whether a long word begins or ends a name that parts no words (`userpassword`, `passwordhash`)."""
    return any(folded.startswith(word) or folded.endswith(word) for word in words if word in _LONG)


def _has_card(text: str) -> bool:
    return any(is_card(re.sub(r"\D", "", found)) for found in _CARD.findall(text))


def _has_iban(text: str) -> bool:
    return any(_is_iban(found.replace(" ", "").upper()) for found in _IBAN.findall(text))


def _is_iban(text: str) -> bool:
    """ISO 13616: the number that the moved letters spell is 1 modulo 97."""
    for end in range(len(text), 14, -1):
        moved = text[4:end] + text[:4]
        if int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1:
            return True
    return False


def _has_address(text: str) -> bool:
    """An IPv4 or IPv6 address."""
    if any(all(int(part) < 256 for part in found.split(".")) for found in _IPV4.findall(text)):
        return True
    return any(":" in word and _is_ipv6(word.strip("[],;()")) for word in text.split())


def _is_ipv6(word: str) -> bool:
    try:
        ipaddress.IPv6Address(word.partition("/")[0])
    except ValueError:
        return False
    return True


def _is_document(text: str) -> bool:
    """Numbers of documents and people: many digits among few letters, in one word or in groups."""
    if _RANGE.fullmatch(text):
        return False
    digits = sum(map(str.isdigit, text))
    letters = sum(map(str.isalpha, text))
    marks = sum(one in " -./" for one in text)
    return digits >= _ID_DIGITS and letters <= digits and digits + letters + marks == len(text) and len(text) <= 32


def _is_token(text: str) -> bool:
    """One long word of mixed signs, as keys, hashes, base64 and generated passwords are."""
    if _SPOKEN.search(text) or len(text) < _SHORT_TOKEN:
        return False
    has = [any(map(test, text)) for test in (str.islower, str.isupper, str.isdigit)]
    if any(one in "!@#$%^&*?" for one in text):
        return sum(has) >= 2 and not text.endswith(("?", "!"))
    if len(text) < _LONG_TOKEN or _PLAIN.fullmatch(text):
        return False
    mixed = sum(has) == 3 or (has[2] and sum(map(str.isdigit, text)) >= len(text) // 5)
    return mixed and re.fullmatch(r"[\w+/=.:~-]+", text) is not None


def _is_prose(text: str) -> bool:
    return len(text) > _PROSE_CHARACTERS or "\n" in text or sum(map(str.isalpha, text.split())) >= _PROSE_WORDS


def _is_long_number(text: str) -> bool:
    return text.isdigit() and len(text) >= _DIGITS[0]


_CHECKED: tuple[tuple[str, Callable[[str], Any]], ...] = (
    ("card", _has_card),
    ("iban", _has_iban),
    ("ip address", _has_address),
    ("number", _is_long_number),
    ("document number", _is_document),
    ("token", _is_token),
    ("prose", _is_prose),
)
