#!/usr/bin/env python3
"""core_image.py PID FILE: writes what a core image of the process would hold: every private mapping that
is not marked as excluded from dumps (VmFlags dd), as the kernel's default filter has it."""

import re
import sys

pid, path = sys.argv[1:]
kept = total = 0
with open(f'/proc/{pid}/smaps', encoding='utf-8') as maps, open(f'/proc/{pid}/mem', 'rb', buffering=0) as memory, open(path, 'wb') as image:
    mapping = None
    for line in maps:
        head = re.match(r'([0-9a-f]+)-([0-9a-f]+) (\S{4}) ', line)
        if head:
            mapping = head
        elif line.startswith('VmFlags:') and mapping and mapping[3][0] == 'r' and mapping[3][3] == 'p':
            start, end = int(mapping[1], 16), int(mapping[2], 16)
            total += end - start
            if ' dd' in line:
                continue
            try:
                memory.seek(start)
                image.write(memory.read(end - start))
                kept += end - start
            except OSError:
                continue
print(f'{kept >> 10} of {total >> 10} KiB would be dumped')
sys.exit(kept < 1 << 16)
