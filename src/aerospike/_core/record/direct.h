/* record/direct.h -- the methods of the 2.x line that do one operation on a list or map. */
#ifndef CORE_RECORD_DIRECT_H
#define CORE_RECORD_DIRECT_H

#include "client/client.h"

#define RETURN_KEY_VALUE 8 /* MAP_RETURN_KEY_VALUE */

/* What a method returns. */
typedef enum direct_result {
    ZERO,    /* 0 */
    VALUE,   /* the operation's result, None without one */
    SIZE,    /* the same, 0 without one */
    BY_TYPE, /* the result; MAP_RETURN_KEY_VALUE gives tuples */
} direct_result;

/* D(name, number of the operation, result, number of required arguments, names of the
 * arguments after key and bin, the same as they stand in the signature, text). */
#define DIRECT_METHODS(D)                                                              \
    D(list_append, 1001, ZERO, 3, ("val", ), "val, ", "Append a value to a list.")     \
    D(list_extend, 1002, ZERO, 3, ("items", ), "items, ",                              \
      "Append all values of a list to a list.")                                        \
    D(list_insert, 1003, ZERO, 4, ("index", "val", ), "index, val, ",                  \
      "Insert a value into a list, before an index.")                                  \
    D(list_insert_items, 1004, ZERO, 4, ("index", "items", ), "index, items, ",        \
      "Insert all values of a list into a list, before an index.")                     \
    D(list_pop, 1005, VALUE, 3, ("index", ), "index, ",                                \
      "Remove and return the element of a list at an index.")                          \
    D(list_pop_range, 1006, VALUE, 4, ("index", "count", ), "index, count, ",          \
      "Remove and return count elements of a list, from an index on.")                 \
    D(list_remove, 1007, ZERO, 3, ("index", ), "index, ",                              \
      "Remove the element of a list at an index.")                                     \
    D(list_remove_range, 1008, ZERO, 4, ("index", "count", ), "index, count, ",        \
      "Remove count elements of a list, from an index on.")                            \
    D(list_clear, 1009, ZERO, 2, (), "", "Remove all elements of a list.")             \
    D(list_set, 1010, ZERO, 4, ("index", "val", ), "index, val, ",                     \
      "Replace the element of a list at an index.")                                    \
    D(list_get, 1011, VALUE, 3, ("index", ), "index, ",                                \
      "The element of a list at an index.")                                            \
    D(list_get_range, 1012, VALUE, 4, ("index", "count", ), "index, count, ",          \
      "The elements of a list from an index on, at most count.")                       \
    D(list_trim, 1013, ZERO, 4, ("index", "count", ), "index, count, ",                \
      "Remove all elements of a list but count from an index on.")                     \
    D(list_size, 1014, SIZE, 2, (), "",                                                \
      "The number of elements of a list, 0 without one.")                              \
    D(map_set_policy, 1101, ZERO, 3, ("map_policy", ), "map_policy, ",                 \
      "Set the order of a map.")                                                       \
    D(map_put, 1102, ZERO, 4, ("map_key", "val", "map_policy", ),                      \
      "map_key, val, map_policy=None, ", "Put a key and its value into a map.")        \
    D(map_put_items, 1103, ZERO, 3, ("items", "map_policy", ),                         \
      "items, map_policy=None, ", "Put all pairs of a dict into a map.")               \
    D(map_increment, 1104, ZERO, 4, ("map_key", "incr", "map_policy", ),               \
      "map_key, incr, map_policy=None, ", "Add to the value of a key.")                \
    D(map_decrement, 1105, ZERO, 4, ("map_key", "decr", "map_policy", ),               \
      "map_key, decr, map_policy=None, ", "Subtract from the value of a key.")         \
    D(map_size, 1106, SIZE, 2, (), "",                                                 \
      "The number of entries of a map, 0 without one.")                                \
    D(map_clear, 1107, ZERO, 2, (), "", "Remove all entries of a map.")                \
    D(map_remove_by_key, 1108, BY_TYPE, 4, ("map_key", "return_type", ),               \
      "map_key, return_type, ", "Remove the entries of a map of a key.")               \
    D(map_remove_by_key_list, 1109, BY_TYPE, 4, ("list", "return_type", ),             \
      "list, return_type, ", "Remove the entries of a map of the keys in a list.")     \
    D(map_remove_by_key_range, 1110, BY_TYPE, 5,                                       \
      ("map_key", "range", "return_type", ), "map_key, range, return_type, ",          \
      "Remove the entries of a map from a key up to another, which is left out.")      \
    D(map_remove_by_value, 1111, BY_TYPE, 4, ("val", "return_type", ),                 \
      "val, return_type, ", "Remove the entries of a map with a value.")               \
    D(map_remove_by_value_list, 1112, BY_TYPE, 4, ("list", "return_type", ),           \
      "list, return_type, ",                                                           \
      "Remove the entries of a map with one of the values in a list.")                 \
    D(map_remove_by_value_range, 1113, BY_TYPE, 5, ("val", "range", "return_type", ),  \
      "val, range, return_type, ",                                                     \
      "Remove the entries of a map from a value up to another, which is left out.")    \
    D(map_remove_by_index, 1114, BY_TYPE, 4, ("index", "return_type", ),               \
      "index, return_type, ", "Remove the entries of a map at an index in key order.") \
    D(map_remove_by_index_range, 1115, BY_TYPE, 5,                                     \
      ("index", "range", "return_type", ), "index, range, return_type, ",              \
      "Remove the entries of a map from an index on, at most range of them.")          \
    D(map_remove_by_rank, 1116, BY_TYPE, 4, ("rank", "return_type", ),                 \
      "rank, return_type, ", "Remove the entries of a map of a rank in value order.")  \
    D(map_remove_by_rank_range, 1117, BY_TYPE, 5, ("rank", "range", "return_type", ),  \
      "rank, range, return_type, ",                                                    \
      "Remove the entries of a map from a rank on, at most range of them.")            \
    D(map_get_by_key, 1118, BY_TYPE, 4, ("map_key", "return_type", ),                  \
      "map_key, return_type, ", "The entries of a map of a key.")                      \
    D(map_get_by_key_list, 1127, BY_TYPE, 4, ("key_list", "return_type", ),            \
      "key_list, return_type, ", "The entries of a map of the keys in a list.")        \
    D(map_get_by_key_range, 1119, BY_TYPE, 5, ("map_key", "range", "return_type", ),   \
      "map_key, range, return_type, ",                                                 \
      "The entries of a map from a key up to another, which is left out.")             \
    D(map_get_by_value, 1120, BY_TYPE, 4, ("val", "return_type", ),                    \
      "val, return_type, ", "The entries of a map with a value.")                      \
    D(map_get_by_value_list, 1126, BY_TYPE, 4, ("value_list", "return_type", ),        \
      "value_list, return_type, ",                                                     \
      "The entries of a map with one of the values in a list.")                        \
    D(map_get_by_value_range, 1121, BY_TYPE, 5, ("val", "range", "return_type", ),     \
      "val, range, return_type, ",                                                     \
      "The entries of a map from a value up to another, which is left out.")           \
    D(map_get_by_index, 1122, BY_TYPE, 4, ("index", "return_type", ),                  \
      "index, return_type, ", "The entries of a map at an index in key order.")        \
    D(map_get_by_index_range, 1123, BY_TYPE, 5, ("index", "range", "return_type", ),   \
      "index, range, return_type, ",                                                   \
      "The entries of a map from an index on, at most range of them.")                 \
    D(map_get_by_rank, 1124, BY_TYPE, 4, ("rank", "return_type", ),                    \
      "rank, return_type, ", "The entries of a map of a rank in value order.")         \
    D(map_get_by_rank_range, 1125, BY_TYPE, 5, ("rank", "range", "return_type", ),     \
      "rank, range, return_type, ",                                                    \
      "The entries of a map from a rank on, at most range of them.")

#define DIRECT_DOC(name, sig, text)                                                    \
    name "($self, key, bin, " sig "meta=None, policy=None)\n--\n\n" text               \
         "\n\nAs the operation of operate() with that name; key, meta, policy and "    \
         "errors as there."

#define DIRECT_DECLARE(name, ...) CLIENT_METHOD(client_##name);
DIRECT_METHODS(DIRECT_DECLARE)
#undef DIRECT_DECLARE

#endif
