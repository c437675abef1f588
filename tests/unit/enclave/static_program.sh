#!/bin/sh
# The program of the image is whole in itself: no loader, no shared library, and no way to look a
# name up, a user up, or load code. $1: enw-enclave
set -eu
program=$1
wrong=0

refuse() {
    echo "static_program.sh: $1" >&2
    wrong=1
}

if readelf --program-headers --wide "$program" | grep -q INTERP; then refuse "has an interpreter"; fi
if readelf --dynamic --wide "$program" | grep -q NEEDED; then refuse "needs shared libraries"; fi
readelf --file-header "$program" | grep -q 'DYN' || refuse "is not position independent"
readelf --program-headers --wide "$program" | grep 'GNU_STACK' | grep -q ' RW ' ||
    refuse "has an executable stack"
readelf --program-headers --wide "$program" | grep -q 'GNU_RELRO' || refuse "has no RELRO"

names=$(nm "$program" | awk 'NF == 3 { print $3 " " $1 }')
address() { echo "$names" | awk -v name="$1" '$1 == name { print $2 }'; }
nothing=$(address absent_nothing)
failure=$(address absent_failure)
if [ -z "$nothing" ] || [ -z "$failure" ]; then refuse "lacks what stands for what is absent"; fi
for name in dlopen dlsym dlerror gethostbyname getservbyname dlclose dladdr getaddrinfo getnameinfo \
    inflate deflate compress uncompress ZSTD_decompress ZSTD_decompressStream ZSTD_compress; do
    where=$(address "$name")
    case $where in
    '' | "$nothing" | "$failure") ;;
    *) refuse "reaches $name" ;;
    esac
done
# What libc's own versions of these would bring along. (Its threads hold resolver state, never used.)
for name in gaih_inet __nss_lookup __nss_database_get getpwnam getpwuid getpwnam_r getpwuid_r getgrnam \
    __gethostbyname_r __getservbyname_r __res_context_query __res_context_search __res_context_send system popen posix_spawn execve; do
    [ -z "$(address "$name")" ] || refuse "contains $name"
done
# The stand-in of the security module and the TCP dialer are other programs' parts.
for name in nsm_stand_in_call identity_open tcp_dial; do
    [ -z "$(address "$name")" ] || refuse "contains $name"
done
exit $wrong
