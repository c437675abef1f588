/*
 * program: the `enw` command line: which commands there are, and running one.
 *
 * A command is its words first ("account create"), then flags and operands in any order. Each command
 * has a table of its own flags; all share those that name the service. `enw --help` lists the
 * commands, `enw COMMAND --help` one command's flags. Exit codes are in cli/session.h.
 */
#ifndef CLI_PROGRAM_H
#define CLI_PROGRAM_H

#include "cli/session.h"

/* The program's version: "0.1.0". */
const char *program_version(void);

/* Runs the command that the arguments name, on these streams; returns the exit code. */
int program_run(int argc, char **argv, const struct streams *streams);

#endif
