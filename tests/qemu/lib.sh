# What the scripts that boot an image begin with, after tests/e2e/lib.sh. The image runs in QEMU's
# nitro-enclave machine under software emulation: a real /dev/nsm, real AF_VSOCK, the production program.
# shellcheck shell=bash
# shellcheck disable=SC2034 # the scripts use what is set here
: "${LAB_KERNEL:?run it through tests/qemu/run.sh}" "${LAB_QEMU:?}" "${LAB_VSOCK:?}"
QEMU_TESTS=$ROOT/tests/qemu
MEMORY_MIB=128
GUEST_CID=$((1000 + $$ % 100000))

# services_start: KMS, IMDS and credentials for the image; sets ENW_KMS_KEY_ARN.
services_start() {
    STATE=$WORK/state
    mkdir -m 700 "$STATE"
    head -c 32 /dev/urandom >"$STATE/credentials.key"
    chmod 600 "$STATE/credentials.key"
    start imds "$(program dev enw-stand-imds)" --listen tcp:127.0.0.1:0 \
        --credentials-key "$STATE/credentials.key" --ready-file "$WORK/imds.ready"
    start kms "$(program dev enw-stand-kms)" --listen tcp:127.0.0.1:0 --tls "$STATE/tls" \
        --identity "$STATE/identity" --state "$STATE/kms.json" --credentials-key "$STATE/credentials.key" \
        --control "unix:$STATE/kms-control.sock" --ready-file "$WORK/kms.ready" \
        --accept-unsigned-documents
    wait_for 20 test -s "$WORK/imds.ready" || fail "IMDS does not start: $(cat "$WORK/imds.log")"
    wait_for 20 test -s "$WORK/kms.ready" || fail "KMS does not start: $(cat "$WORK/kms.log")"
    ENW_STATE=$STATE ENW_REGION=eu-west-1 ENW_KMS_HOST=kms.eu-west-1.amazonaws.com
    ENW_IMDS_PORT=$(sed 's/.*://' "$WORK/imds.ready")
    ENW_KMS_PORT=$(sed 's/.*://' "$WORK/kms.ready")
    export ENW_STATE ENW_REGION ENW_KMS_HOST ENW_IMDS_PORT ENW_KMS_PORT
    ENW_KMS_KEY_ARN=$(node "$QEMU_TESTS/kms_key.mjs" create)
    export ENW_KMS_KEY_ARN
}

# image_build NAME [JQ FILTER]: an image whose configuration is the filter's; sets IMAGE and PCR0 to PCR2.
image_build() {
    local name=$1 filter=${2-.}
    IMAGE=$WORK/$name.eif
    jq -n "{version:1, mode:\"production\", region:\"eu-west-1\", environment:\"qemu\", epoch:1, epoch_min:1,
        kms_host:\"$ENW_KMS_HOST\", kms_dial:\"vsock:2:8000\", kms_key_arns:[\"$ENW_KMS_KEY_ARN\"],
        ca_file:\"/etc/enclave-wallet/ca.pem\", listen:\"vsock:any:7878\", heartbeat:\"vsock:2:9000\",
        cache_entries:1024, cache_lifetime_s:300, verification:\"twice\", workers:2, kms_workers:8} | $filter" \
        >"$WORK/$name.json"
    strip -o "$WORK/$name.program" "$(program enclave enw-enclave)"
    "$(program cli enw)" image build --program "$WORK/$name.program" --config "$WORK/$name.json" \
        --kernel "$LAB_KERNEL" --ca-file "$STATE/tls/ca.pem" --output "$IMAGE" >"$WORK/$name.pcrs"
    PCR0=$(jq -r .Measurements.PCR0 "$WORK/$name.pcrs")
    PCR1=$(jq -r .Measurements.PCR1 "$WORK/$name.pcrs")
    PCR2=$(jq -r .Measurements.PCR2 "$WORK/$name.pcrs")
}

# machine_start NAME IMAGE: boots it; its console is WORK/NAME.console, its vsock WORK/NAME.vsock.
machine_start() {
    local name=$1 image=$2
    VSOCK=$WORK/$name.vsock
    rm -f "$WORK/$name.vhost" "$VSOCK"
    start "$name-vhost" "$LAB_VSOCK" --vm "guest-cid=$GUEST_CID,socket=$WORK/$name.vhost,uds-path=$VSOCK"
    GUEST_CID=$((GUEST_CID + 1))
    wait_for 10 test -S "$WORK/$name.vhost" || fail "vhost-device-vsock does not start"
    MACHINE_START_MS=$(date +%s%3N)
    start "$name" "$LAB_QEMU" -L /usr/share/qemu -M "nitro-enclave,vsock=c,id=i-$name" -kernel "$image" \
        -nographic -m "${MEMORY_MIB}M" -accel tcg -cpu max -no-reboot \
        -chardev "socket,id=c,path=$WORK/$name.vhost"
    MACHINE_PID=$LAST_PID
    CONSOLE=$WORK/$name.log
}
console_has() { grep -q "$1" "$CONSOLE"; }

# heartbeat_start NAME [wrong]: waits for the image to say that it has booted.
heartbeat_start() {
    start "heartbeat-$1" node "$QEMU_TESTS/heartbeat.mjs" "$WORK/$1.vsock_9000" "$WORK/$1.beats" "${@:2}"
    wait_for 10 test -S "$WORK/$1.vsock_9000" || fail "the heartbeat's listener does not start"
}

# proxy_start NAME: the enclave's way to KMS.
proxy_start() {
    start "proxy-$1" "$(program proxy enw-proxy)" --listener "unix:$WORK/$1.vsock_8000=$ENW_KMS_HOST:443" \
        --allow "$ENW_KMS_HOST:443" --resolve "$ENW_KMS_HOST:443=tcp:127.0.0.1:$ENW_KMS_PORT"
    wait_for 10 test -S "$WORK/$1.vsock_8000" || fail "the proxy does not start: $(cat "$WORK/proxy-$1.log")"
}

# parent_start NAME: the HTTP service in front of that machine; sets ENW_URL and TOKEN.
parent_start() {
    [ -s "$STATE/token" ] || (umask 077 && head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$STATE/token")
    rm -f "$WORK/parent.ready"
    start "parent-$1" "$(program parent enw-parent)" --listen tcp:127.0.0.1:0 --token-file "$STATE/token" \
        --enclave "hybrid:$WORK/$1.vsock:7878" --store "sqlite:$STATE/accounts.sqlite" --region eu-west-1 \
        --imds-endpoint "http://127.0.0.1:$ENW_IMDS_PORT" --ready-file "$WORK/parent.ready"
    PARENT_PID=$LAST_PID
    wait_for 10 test -s "$WORK/parent.ready" || fail "the parent does not start: $(cat "$WORK/parent-$1.log")"
    ENW_URL=http://127.0.0.1:$(sed 's/.*://' "$WORK/parent.ready")
    TOKEN=$(cat "$STATE/token")
    export ENW_URL TOKEN
}
is_ready() { [ "$(curl -s -o /dev/null -w '%{http_code}' --max-time 5 "$ENW_URL/readyz")" = 200 ]; }
