# Starts the enclave on a node and ends when it ends. nitro-cli comes from Amazon Linux, because no
# other distribution packages it.
#
#   docker build --file deploy/docker/enclave.Dockerfile --tag enclave-wallet/enclave:0.1.0 \
#     --build-arg AMAZON_LINUX=amazonlinux@sha256:DIGEST --build-arg NITRO_CLI=1.4.2 \
#     --build-arg EIF=image/enclave-wallet.eif .
#
# AMAZON_LINUX is Amazon Linux 2023 by its digest, NITRO_CLI the package's version, EIF the image
# within the build's context.
ARG AMAZON_LINUX
FROM ${AMAZON_LINUX}
ARG NITRO_CLI
RUN dnf install -y "aws-nitro-enclaves-cli-${NITRO_CLI}" && dnf clean all
COPY deploy/docker/enclave-launcher /usr/bin/enclave-launcher
ARG EIF
COPY ${EIF} /usr/share/enclave-wallet/enclave-wallet.eif
USER 10001:10001
ENTRYPOINT ["/usr/bin/enclave-launcher"]
