# Builds enclave images (EIF): `enw image build`, the enclave's program and the roots it trusts.
#
#   docker build --file deploy/docker/builder.Dockerfile --tag enclave-wallet/builder:0.1.0 \
#     --build-arg DEBIAN=debian@sha256:DIGEST --build-arg SNAPSHOT=20260101T000000Z .
#   docker run --rm --user "$(id -u)" --network none --volume "$PWD/image:/image" \
#     enclave-wallet/builder:0.1.0 --program /usr/lib/enclave-wallet/enw-enclave \
#     --config /image/enclave.json --kernel /image/bzImage --output /image/enclave-wallet.eif
#
# DEBIAN is Debian 13 (trixie, slim) by its digest; SNAPSHOT says of which moment its packages are.
# The same of both, the same source, configuration and kernel give the same image, byte by byte.
ARG DEBIAN
FROM ${DEBIAN} AS build
ARG SNAPSHOT
COPY deploy/docker/pin-archive /usr/local/sbin/pin-archive
RUN pin-archive "${SNAPSHOT}" && apt-get update -q && apt-get install -y -q --no-install-recommends \
        gcc libc6-dev meson ninja-build pkg-config python3 libssl-dev \
        libsecp256k1-dev libmicrohttpd-dev libsqlite3-dev libcmocka-dev binutils
WORKDIR /source
COPY meson.build meson_options.txt ./
COPY tools tools
COPY src src
COPY tests tests
COPY bench bench
COPY docs docs
RUN meson setup /build --buildtype=release && \
    ninja -C /build src/cli/enw src/enclave/enw-enclave && \
    strip /build/src/enclave/enw-enclave

FROM ${DEBIAN}
ARG SNAPSHOT
COPY deploy/docker/pin-archive /usr/local/sbin/pin-archive
RUN pin-archive "${SNAPSHOT}" && apt-get update -q && apt-get install -y -q --no-install-recommends \
        ca-certificates libssl3t64 && \
    rm -rf /var/lib/apt/lists/* /usr/local/sbin/pin-archive
COPY --from=build /build/src/cli/enw /usr/bin/enw
COPY --from=build /build/src/enclave/enw-enclave /usr/lib/enclave-wallet/enw-enclave
USER 10001:10001
ENTRYPOINT ["/usr/bin/enw", "image", "build"]
