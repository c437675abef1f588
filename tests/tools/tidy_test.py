#!/usr/bin/env python3
"""Breaks each rule of tools/tidy in a small tree of its own, and expects that rule, and no other, to say so."""

import importlib.machinery
import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

TIDY = Path(__file__).resolve().parents[2] / 'tools' / 'tidy'
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader('tidy', str(TIDY))
tidy = importlib.util.module_from_spec(importlib.util.spec_from_loader('tidy', loader))
loader.exec_module(tidy)


def header(room, noun):
    guard = f'{room}_{noun}_H'.upper()
    return (f'/*\n * {noun}: what it is.\n */\n#ifndef {guard}\n#define {guard}\n\n#include <stddef.h>\n\n'
            f'size_t {noun}_size(const char *text);\n\n#endif\n')


# A tree that breaks nothing.
HEX_H = header('base', 'hex')
HEX_C = '''#include "base/hex.h"

#include <string.h>

size_t hex_size(const char *text)
{
    return strlen(text); /* malloc(1) in a comment, and "rand()" in text, are no calls */
}
'''
KEY_C = '''#include "os/key.h"

#include "base/hex.h"

size_t key_size(const char *text)
{
    return hex_size(secret_expose(text));
}
'''
ROOMS = '''base | pure | - | sqlite3
proto | pure | base | -
os | effects | base | -
enclave | program | base proto os | -
dev | dev | base proto os enclave | -
library sqlite3 | sqlite3.h
enclave-links | c
'''
NINJA = '''build src/enclave/enw-enclave: c_LINKER src/enclave/enw-enclave.p/main.c.o | src/base/libbase.a
 LINK_ARGS = src/base/libbase.a -lc

'''
CLEAN = {
    'tools/rooms': ROOMS,
    'tools/pure_symbols': 'strlen\nbase/hex.c: memcpy\n',
    'tools/exposures': 'src/os/key.c: 1: it is locked here\n',
    'tools/exceptions': '',
    'src/base/meson.build': "files('hex.c')\n",
    'src/base/hex.h': HEX_H,
    'src/base/hex.c': HEX_C,
    'src/os/meson.build': "files('key.c')\n",
    'src/os/key.h': header('os', 'key'),
    'src/os/key.c': KEY_C,
    'tests/unit/meson.build': "unit_names = ['hex', 'key']\n",
    'tests/unit/base/hex_test.c': '#include "base/hex.h"\n',
    'tests/unit/os/key_test.c': '#include "os/key.h"\n',
    'tools/run': 'curl http://127.0.0.1:1/ https://kms.eu-west-1.amazonaws.com/ http://[::1]:8/ "http://$host/"\n',
    'build/build.ninja': NINJA,
}


def hex_c(old, new):
    return {'src/base/hex.c': HEX_C.replace(old, new)}


def key_c(old, new):
    return {'src/os/key.c': KEY_C.replace(old, new)}


def dropped(statement):
    checking = 'static status check(void)\n{\n    /* Nothing to do. */\n    (void)other();\n    TRY(other());\n    return other();\n}\n\n'
    other = 'static status other(void)\n{\n    return (status){0};\n}\n\n'
    return {'src/os/key.c': KEY_C.replace('size_t key_size', other + checking + 'size_t key_size')
            .replace('    return hex_size', f'    {statement}\n    return hex_size')}


def call(name):
    return key_c('hex_size(', name + '(')


def links(argument):
    return {'build/build.ninja': NINJA.replace('-lc', argument + ' -lc')}


MANY = '(int a, int b, int c, int d, int (*e)(int, int), int f)'
GETPID = HEX_C.replace('strlen(text)', 'strlen(text) + (size_t)getpid()').replace('h>\n\nsize', 'h>\n\nint getpid(void);\n\nsize')

# The rule, what breaks it and only it, and a part of what it says.
ROWS = [
    ('rooms', 'a room that the table does not allow', hex_c('<string.h>', '"os/key.h"'), 'base may not use os'),
    ('rooms', 'an include without its room', key_c('"base/hex.h"', '"hex.h"'), 'an include names its room'),
    ('rooms', 'something that uses dev', key_c('"base/hex.h"', '"dev/x.h"'), 'os may not use dev'),
    ('rooms', 'a library that is not the room\'s', key_c('"base/hex.h"', '<sqlite3.h>'), 'os may not use <sqlite3.h>'),
    ('rooms', 'an effect in a pure room', hex_c('<string.h>', '<sys/socket.h>'), 'is pure and may not use'),
    ('rooms', 'a room without a line', {'tools/rooms': ROOMS.replace('os | eff', 'xx | eff')}, 'no room os'),
    ('headers', 'a source with another header first', {'src/base/hex.c': '#include <string.h>\n' + HEX_C}, 'its own header'),
    ('headers', 'a header that needs another one',
     {'src/base/only.h': header('base', 'only').replace('<stddef.h>', '<limits.h>'),
      **key_c('"base/hex.h"', '"base/hex.h"\n#include "base/only.h"')}, 'does not compile alone'),
    ('banned', 'heap memory', call('malloc'), 'malloc: take memory'),
    ('banned', 'a comparison that leaks time', call('memcmp'), 'memcmp: use slice_equal'),
    ('banned', 'an unbounded copy', call('strcpy'), 'strcpy: use a builder'),
    ('banned', 'text to number without limits', call('atoi'), 'atoi: use slice_parse_u64'),
    ('banned', 'a hidden cursor', call('strtok'), 'strtok: take from a slice'),
    ('banned', 'weak randomness', call('rand'), 'rand: use os/random'),
    ('banned', 'a shell', call('system'), 'system: use posix_spawn'),
    ('banned', 'the environment', call('getenv'), 'getenv: use os/flags'),
    ('banned', 'wiping elsewhere', call('explicit_bzero'), 'explicit_bzero: use secret_wipe'),
    ('banned', 'an answer in global state', call('localtime'), 'localtime: it keeps'),
    ('banned', 'a library that opens files', call('BIO_new_file'), 'BIO_new_file: pure code'),
    ('rooms', 'a library that nobody knows', key_c('"base/hex.h"', '"base/hex.h"\n\n#include <curl/curl.h>'), 'tools/rooms does not know'),
    ('passphrases', 'PEM that may ask a person', call('PEM_read_bio_X509(input, NULL,\n NULL, NULL) + hex_size'), 'pem_refuse_passphrase'),
    ('statuses', 'a status that is dropped', dropped('check();'), 'check: its status is dropped'),
    ('statuses', 'one dropped under a condition', dropped('if (text) check();'), 'check: its status is dropped'),
    ('statuses', 'one dropped otherwise', dropped('if (!text) return 0;\n    else check();'), 'check: its status is dropped'),
    ('statuses', 'one dropped without a word', dropped('(void)check();'), 'check: its status is dropped'),
    ('exposures', 'a new door', key_c('hex_size(', 'hex_size(secret_expose(text) + '), 'exposes secrets 2 times'),
    ('exposures', 'a door in an unlisted file', hex_c('strlen(text)', 'strlen(secret_expose_text(text))'), 'says 0'),
    ('exposures', 'a door without a reason', {'tools/exposures': 'src/os/key.c: 1:\n'}, 'no reason'),
    ('exposures', 'a listed file that is gone',
     {'tools/exposures': CLEAN['tools/exposures'] + 'src/os/old.c: 1: it was\n'}, 'does not exist'),
    ('dead', 'a source that nothing builds', {'src/base/meson.build': "files('other.c')\n"}, 'no meson.build names it'),
    ('dead', 'a header that nothing includes', {'src/base/lone.h': header('base', 'lone')}, 'nothing includes it'),
    ('dead', 'a script that nothing runs', {'tests/e2e/forgotten.sh': '#!/bin/sh\n'}, 'nothing runs it'),
    ('macros', 'a macro', hex_c('\n\nsize_t', '\n\n#define HEX_BASE 16\n\nsize_t'), 'HEX_BASE'),
    ('sizes', 'a function that is too long', hex_c('    return', '    ;\n' * 67 + '    return'), 'hex_size has 71 lines'),
    ('sizes', 'a file that is too long', {'src/base/hex.c': HEX_C + '/* */\n' * 600}, 'the limit is 600'),
    ('sizes', 'too many arguments', hex_c('(const char *text)', MANY), 'takes 6 arguments'),
    ('marks', 'something left for later', hex_c('/* malloc', '/* TODO malloc'), 'left over: TODO'),
    ('marks', 'code that is switched off', {'src/base/hex.c': HEX_C + '#if 0\n#endif\n'}, 'left over: #if 0'),
    ('guards', 'a guard of another name', {'src/base/hex.h': HEX_H.replace('#endif', '#endif /* x */')}, 'must be BASE_HEX_H'),
    ('manual', 'a header that does not say what it is',
     {'src/base/hex.h': HEX_H.replace('/*\n * hex: what it is.\n */\n', '')}, 'must open with'),
    ('manual', 'a public name of another noun', {'src/base/hex.h': HEX_H.replace('hex_size', 'text_size')}, 'text_size: public'),
    ('tests', 'a module without its test', {'tests/unit/base/hex_test.c': None}, 'has no tests/unit/base/hex_test.c'),
    ('urls', 'a foreign host', {'tools/deps': 'curl https://downloads.evil.io/x\n'}, 'foreign host'),
    ('urls', 'another source', {'tools/deps': 'git clone x\n'}, 'fetches from elsewhere'),
    ('symbols', 'a pure archive that reaches the system', {'src/base/hex.c': GETPID}, 'this needs getpid'),
    ('links', 'an enclave with the development room', links('src/dev/libdev.a'), 'src/dev/libdev.a'),
    ('links', 'an enclave with the store', links('src/store/libstore.a'), 'src/store/libstore.a'),
    ('links', 'an enclave with another library', links('-lcurl'), '-lcurl'),
    ('exceptions', 'one that nothing needs', {'tools/exceptions': 'banned: src/os/key.c: it was needed\n'}, 'nothing needs it'),
    ('exceptions', 'one without a reason', {'tools/exceptions': 'banned: src/os/key.c:\n'}, 'has no reason'),
    ('format', 'another layout', hex_c('    return', '  return'), 'clang-format -i'),
]


def compile_archive(root):
    """The pure room's archive, as the build would make it; none when its source does not compile."""
    archive, member = root / 'build/src/base/libbase.a', root / 'hex.c.o'
    archive.parent.mkdir(parents=True)
    subprocess.run(['gcc', '-c', '-w', '-fno-builtin', '-I', root / 'src', root / 'src/base/hex.c', '-o', member],
                   check=False, stderr=subprocess.DEVNULL)
    if member.exists():
        subprocess.run(['ar', 'rcs', archive, member], check=True)
        member.unlink()


def check(changes):
    """The findings of all rules on the clean tree with these changes, and the notes."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for path, text in {**CLEAN, **changes}.items():
            if text is not None:
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text)
        (root / '.clang-format').write_text((TIDY.parent.parent / '.clang-format').read_text())
        compile_archive(root)
        run = tidy.Tidy(root, 'build')
        for rule in tidy.RULES:
            getattr(run, rule + '_rule')()
        return run.findings, run.notes


def main():
    failures = []
    findings, notes = check({})
    if findings:
        failures.append(f'the clean tree: wanted no finding, got {findings}')
    untested = set(tidy.RULES) - {row[0] for row in ROWS}
    failures += [f'{rule}: no row breaks it' for rule in sorted(untested)]
    for rule, name, changes, wanted in ROWS:
        if rule == 'format' and notes:
            print(f'skipped: {notes[0]}')
            continue
        findings, _ = check(changes)
        named = [text for found, text in findings if found == rule and wanted in text]
        # The rows of other rules need not be laid out well.
        others = [finding for finding in findings if finding[0] not in (rule, 'format')]
        if named and not others:
            print(f'[       OK ] {rule}: {name}')
        else:
            failures.append(f'{rule}: {name}: wanted "{wanted}" and nothing else, got {findings}')
    print('\n'.join(failures))
    sys.exit(1 if failures else 0)


if __name__ == '__main__':
    main()
