#!/usr/bin/env bash
# run.sh BUILD [NAME]: boots real images and runs the scripts of this folder against them (whose names
# contain NAME). What the lab needs is built once (tools/lab). Prints one line a script, and
# "N passed, N failed, N skipped" at the end.
set -u
here=$(cd "$(dirname "$0")" && pwd)
build=$1 wanted=${2-}
passed=0 failed=0 skipped=0
scripts=()
for script in "$here"/*.sh; do
    case $(basename "$script") in lib.sh | run.sh) continue ;; *"$wanted"*) scripts+=("$script") ;; esac
done

finish() {
    echo "$passed passed, $failed failed, $skipped skipped"
    exit $((failed > 0))
}

# One part of the lab, or the reason why there is none: 77 means that it cannot be downloaded.
part() {
    local code=0
    "$here/../../tools/lab" "$@" || code=$?
    if [ $code -eq 77 ]; then
        echo "SKIPPED: no image can be booted here, because tools/lab $* could not download what it needs" >&2
    fi
    return $code
}
for name in kernel qemu vsock; do
    path=$(part $name)
    code=$?
    if [ $code -eq 77 ]; then
        skipped=${#scripts[@]}
        finish
    elif [ $code -ne 0 ]; then
        echo "FAILED: tools/lab $name"
        failed=${#scripts[@]}
        finish
    fi
    declare -x "LAB_${name^^}=$path"
done

for script in "${scripts[@]}"; do
    SECONDS=0
    if "$here/../e2e/run.sh" "$build" "$script" >"/tmp/enw-qemu.$$" 2>&1; then
        passed=$((passed + 1)) verdict=OK
    else
        failed=$((failed + 1)) verdict=FAIL
    fi
    printf 'qemu/%-12s %s %ss\n' "$(basename "$script" .sh)" "$verdict" "$SECONDS"
    sed 's/^/    /' "/tmp/enw-qemu.$$"
    rm -f "/tmp/enw-qemu.$$"
done
finish
