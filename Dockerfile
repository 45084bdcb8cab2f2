# The sidecar and the webhook in one image. BASE needs python3 (3.11 or later) and nothing else; no shell is used at run time.
#   docker build --build-arg BASE=python:3.11-slim-bookworm -t drift-sidecar .
# Wheels that lie in wheels/ are taken first, so that it builds without a network as well (scripts/image).
ARG BASE=python:3.11-slim-bookworm
ARG BUILD_BASE=${BASE}

FROM ${BUILD_BASE} AS build
ARG PIP_NO_INDEX=
WORKDIR /src
RUN ["python3", "-m", "venv", "/opt/drift-sidecar"]
ENV PIP_FIND_LINKS=/wheels
COPY requirements/image.txt wheels* /wheels/
RUN ["/opt/drift-sidecar/bin/pip", "install", "--no-cache-dir", "--no-compile", "-r", "/wheels/image.txt"]
COPY pyproject.toml README.md LICENSE scripts/image_tidy.py ./
COPY sidecar sidecar
RUN ["/opt/drift-sidecar/bin/pip", "install", "--no-cache-dir", "--no-compile", "--no-deps", "."]
# What is in it (sbom.cdx.json), and nothing that only builds and tests need.
RUN ["/opt/drift-sidecar/bin/python", "/src/image_tidy.py", "/opt/drift-sidecar"]

FROM ${BASE}
ARG VERSION=0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="drift-sidecar" \
      org.opencontainers.image.description="A model-monitoring sidecar: traffic, latency, payload statistics and drift, without changing the model." \
      org.opencontainers.image.licenses="Apache-2.0 AND MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /opt/drift-sidecar /opt/drift-sidecar
ENV PATH=/opt/drift-sidecar/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 65532:0
EXPOSE 9480 9481
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["/opt/drift-sidecar/bin/python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:9481/livez', timeout=2)"]
ENTRYPOINT ["/opt/drift-sidecar/bin/drift-sidecar"]
CMD ["run"]
