# The enclave's way to KMS.
#
#   docker build --file deploy/docker/proxy.Dockerfile --tag enclave-wallet/proxy:0.1.0 \
#     --build-arg DEBIAN=debian@sha256:DIGEST --build-arg SNAPSHOT=20260101T000000Z .
#
# DEBIAN is Debian 13 (trixie, slim) by its digest; SNAPSHOT says of which moment its packages are.
ARG DEBIAN
FROM ${DEBIAN} AS build
ARG SNAPSHOT
COPY deploy/docker/pin-archive /usr/local/sbin/pin-archive
RUN pin-archive "${SNAPSHOT}" && apt-get update -q && apt-get install -y -q --no-install-recommends \
        gcc libc6-dev meson ninja-build pkg-config python3 libssl-dev \
        libsecp256k1-dev libmicrohttpd-dev libsqlite3-dev libcmocka-dev
WORKDIR /source
COPY meson.build meson_options.txt ./
COPY tools tools
COPY src src
COPY tests tests
COPY bench bench
COPY docs docs
RUN meson setup /build --buildtype=release && ninja -C /build src/proxy/enw-proxy

FROM ${DEBIAN}
ARG SNAPSHOT
COPY deploy/docker/pin-archive /usr/local/sbin/pin-archive
RUN pin-archive "${SNAPSHOT}" && apt-get update -q && apt-get install -y -q --no-install-recommends \
        libssl3t64 && \
    rm -rf /var/lib/apt/lists/* /usr/local/sbin/pin-archive
COPY --from=build /build/src/proxy/enw-proxy /usr/bin/enw-proxy
USER 10001:10001
ENTRYPOINT ["/usr/bin/enw-proxy"]
