/* options/lua.h -- config["lua"]: where modules of functions are, and what they may
 * use. */
#ifndef CORE_OPTIONS_LUA_H
#define CORE_OPTIONS_LUA_H

#include "options/options.h"

/* The section, parsed. */
typedef struct lua_options {
    PyObject *user_path, *system_path; /* str, owned; NULL: the default */
    int64_t max_memory;                /* bytes of one Lua state; 0: no limit */
} lua_options;

/* The section when the configuration has none. */
#define LUA_OPTIONS_INIT {.max_memory = 256 << 20}

/* The keys of the section. The target of the rows is a lua_options. */
extern const option_table lua_table;

/* The section as a new tuple (user_path, system_path, max_memory), with the defaults in
 * place. NULL with an exception. */
PyObject *lua_options_to_py(const lua_options *o);

/* Drop what a section owns; it can be cleared again. */
void lua_options_clear(lua_options *o);

#endif
