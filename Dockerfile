# The service on a CPU: docker build -t echo-agent . (docs/service.md tells how it is run)
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
# The registry's torch for x86_64 brings CUDA along; this index has the one for a CPU.
ENV PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu
COPY pyproject.toml constraints.txt README.md LICENSE NOTICE ./
COPY echo_agent echo_agent
COPY knowledge_base knowledge_base
COPY docker/install docker/install
RUN docker/install /opt/echo

FROM python:3.11-slim-bookworm
RUN groupadd --system --gid 10001 echo \
    && useradd --system --uid 10001 --gid echo --home-dir /tmp --no-create-home echo \
    && install --directory --owner echo --group echo /memory
COPY --from=build /opt/echo /opt/echo
# All that is written goes into /memory and /tmp, so that the rest can be read-only.
ENV PATH=/opt/echo/bin:$PATH \
    HOME=/tmp \
    ECHO_MEMORY=/memory \
    ANONYMIZED_TELEMETRY=False \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /tmp
VOLUME /memory
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["echo-agent"]
CMD ["serve", "--host", "0.0.0.0"]
