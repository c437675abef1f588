#!/usr/bin/env bash
# Runs one end-to-end script: run.sh BUILD SCRIPT [--show]. It gets a folder of its own; what it started is
# stopped by process id; the folder with all logs stays when it fails, and its path is printed. Its
# output comes at the end, or with --show as it is written.
set -u
BUILD=$(cd "$1" && pwd)
script=$2
show=${3-}
name=$(basename "$script" .sh)
# Short, because a socket's path has at most 107 bytes.
WORK=$(mktemp -d "/tmp/enw-$name.XXXXXX")
export BUILD WORK
touch "$WORK/pids"

# A process that nobody has collected is gone too: in a container number 1 may collect nobody.
is_gone() { [[ $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) =~ ^([ZX].*)?$ ]]; }
stop_all() {
    local pid
    for pid in $(tac "$WORK/pids"); do kill -TERM "$pid" 2>/dev/null; done
    for pid in $(tac "$WORK/pids"); do
        for _ in $(seq 100); do
            is_gone "$pid" && break
            sleep 0.1
        done
        kill -KILL "$pid" 2>/dev/null
    done
}

if [ -n "$show" ]; then
    if [ -t 1 ]; then export ENW_DEMO_TTY=1; fi
    bash "$script" </dev/null &
else
    bash "$script" </dev/null >"$WORK/output" 2>&1 &
fi
script_pid=$!
trap 'kill -TERM $script_pid 2>/dev/null; stop_all; exit 143' TERM INT
wait "$script_pid"
code=$?
stop_all
[ -n "$show" ] || cat "$WORK/output"
if [ $code -eq 0 ] || [ $code -eq 77 ]; then
    rm -rf "$WORK"
else
    echo "logs are kept in $WORK"
fi
exit $code
