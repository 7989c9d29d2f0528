/* options/tables.h -- all tables of options. */
#ifndef CORE_OPTIONS_TABLES_H
#define CORE_OPTIONS_TABLES_H

#include "support/state.h"

/* Intern the names of all tables in the state. 0, or -1 with an exception;
 * option_tables_clear() is to be called in either case. */
int option_tables_intern(module_state *st);

/* Drop the names of all tables that the state has. */
void option_tables_clear(module_state *st);

/* The function of the module that shows the tables to documentation and tests. */
extern const PyMethodDef option_tables_functions[];

#endif
