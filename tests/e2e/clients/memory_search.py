#!/usr/bin/env python3
"""memory_search.py PID HEX absent|present: searches a process's readable memory for the bytes, and for
their hex and base64 texts. Succeeds when the outcome is the one wanted."""

import base64
import re
import sys

pid, text, wanted = sys.argv[1], sys.argv[2].removeprefix('0x'), sys.argv[3]
needle = bytes.fromhex(text)
forms = {'bytes': needle, 'reversed': needle[::-1], 'hex': text.encode(), 'HEX': text.upper().encode(),
         'base64': base64.b64encode(needle).rstrip(b'=')}
found, searched = [], 0
with open(f'/proc/{pid}/maps', encoding='ascii') as maps, open(f'/proc/{pid}/mem', 'rb', buffering=0) as memory:
    for line in maps:
        match = re.match(r'([0-9a-f]+)-([0-9a-f]+) (r\S+) \S+ \S+ \S+ *(.*)', line)
        if not match or match[4].startswith(('[vvar', '[vsyscall')):
            continue
        start, end = int(match[1], 16), int(match[2], 16)
        try:
            memory.seek(start)
            region = memory.read(end - start)
        except OSError:
            continue
        searched += len(region)
        for form, sought in forms.items():
            at = region.find(sought)
            if at >= 0:
                found.append(f'{form} at {start + at:#x} in {match[4] or "anonymous memory"} {match[3]}')
print(f'{searched >> 20} MiB of process {pid} searched: {", ".join(found) or "not found"}')
if searched < 1 << 20:
    sys.exit('too little memory could be read')
sys.exit((wanted == 'absent') != (not found))
