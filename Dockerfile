# syntax=docker/dockerfile:1
FROM python:3.13-slim AS build
WORKDIR /source
RUN python -m venv /opt/isocenter
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY dicomcore dicomcore
COPY alembic alembic
RUN /opt/isocenter/bin/pip install --no-cache-dir .

# The OHIF viewer, fetched by npm; which version, and that it is the right one, Isocenter knows.
FROM build AS viewer
COPY --from=node:24-slim /usr/local/bin/node /usr/local/bin/node
COPY --from=node:24-slim /usr/local/lib/node_modules/npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \
 && /opt/isocenter/bin/isocenter viewer install --viewer /opt/isocenter-viewer

# Letters of the scripts that our own typeface does not have, for names that are burned into pictures.
FROM python:3.13-slim AS fonts
RUN apt-get update && apt-get install --yes --no-install-recommends fonts-noto-core fonts-noto-cjk \
 && mkdir /fonts \
 && find /usr/share/fonts -name 'NotoSans*-Regular.*' ! -name '*Mono*' -exec cp {} /fonts ';'

FROM python:3.13-slim
LABEL org.opencontainers.image.title="Isocenter" \
      org.opencontainers.image.description="DICOMweb server and PACS bridge" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /opt/isocenter /opt/isocenter
COPY --from=viewer /opt/isocenter-viewer /opt/isocenter-viewer
COPY --from=fonts /fonts /usr/local/share/fonts/noto
RUN apt-get update && apt-get install --yes --no-install-recommends libfribidi0 && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --no-create-home isocenter && install -d -o isocenter -g isocenter /data
ENV PATH=/opt/isocenter/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    ISOCENTER_HOST=0.0.0.0 \
    ISOCENTER_PORT=8080 \
    ISOCENTER_DATA=/data \
    ISOCENTER_VIEWER=/opt/isocenter-viewer
USER isocenter
WORKDIR /data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=6s --start-period=20s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['ISOCENTER_PORT'] + '/health/ready', timeout=5)"]
ENTRYPOINT ["isocenter"]
CMD ["serve"]
