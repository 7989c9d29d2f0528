"""What the arguments of helpers and expressions mean.

Most of them mean the same wherever they stand, so each is described once. Where a
docstring describes an argument itself, that is shown instead.
"""

from __future__ import annotations

OPERATIONS = {
    "bin_name": "str: name of the bin.",
    "ctx": "list of levels, made by :mod:`aerospike_helpers.cdt_ctx`: the place of the "
    "nested list or map. None: the bin itself.",
    "index": "int: place, counted from 0; a negative number counts from the end.",
    "rank": "int: place in the order of the values, 0 for the smallest; a "
    "negative number counts from the largest.",
    "return_type": "int: what the operation returns about the selected elements, "
    "`LIST_RETURN_*` or `MAP_RETURN_*`.",
    "inverted": "bool: True selects all elements that the operation would "
    "otherwise not select.",
    "count": "int: how many; None: all to the end.",
    "value": "a value of any type, to store or to compare.",
    "values": "list of values.",
    "value_list": "list of values to look for.",
    "value_begin": "the smallest value; None: no limit.",
    "value_end": "the end, which is not included. For no limit: None in operations on "
    "lists, `aerospike.CDTInfinite()` in operations on maps.",
    "value_start": "the smallest value; None: no limit.",
    "offset": "int: where the range begins, as a number of ranks or indexes from "
    "the value or key.",
    "key": "key of the map: int, str or bytes.",
    "key_list": "list of keys.",
    "key_range_start": "the smallest key; None: no limit.",
    "key_range_end": "the end, which is not included; for no limit, "
    "`aerospike.CDTInfinite()`.",
    "index_start": "int: first place, from 0, in the order of the keys.",
    "rank_start": "int: first rank, from 0.",
    "get_amt": "int: how many entries.",
    "remove_amt": "int: how many entries.",
    "amount": "int or float: the number to add or subtract.",
    "item_dict": "dict: the entries.",
    "map_order": "int: `MAP_UNORDERED`, `MAP_KEY_ORDERED` or `MAP_KEY_VALUE_ORDERED`.",
    "map_policy": "dict with `map_order` and `map_write_flags`, or None.",
    "list_order": "int: `LIST_UNORDERED` or `LIST_ORDERED`.",
    "sort_flags": "int: `LIST_SORT_*`, joined with the operator `|`.",
    "persist_index": "bool: the server stores the index with the map; the map "
    "must be the whole bin.",
    "separator": "str: the text between the parts.",
    "policy": "dict or None: flags for this operation, as at the top of this page.",
    "bit_offset": "int: first bit, counted from 0 at the left; a negative number "
    "counts from the end.",
    "bit_size": "int: how many bits.",
    "byte_offset": "int: first byte, counted from 0.",
    "byte_size": "int: how many bytes.",
    "value_byte_size": "int: how many bytes of `value`.",
    "sign": "bool: read the bits as a signed integer.",
    "action": "int: what an overflow does, `BIT_OVERFLOW_*`.",
    "shift": "int: by how many bits.",
    "resize_flags": "int: `BIT_RESIZE_*`, joined with the operator `|`.",
    "invert_size": "bool: count the offset and the size from the end.",
    "index_bit_count": "int, 4 to 16: the number of index bits; more bits give a "
    "more exact count.",
    "mh_bit_count": "int, 0 or 4 to 51: the number of bits of each minhash.",
    "hll_list": "list of HyperLogLogs, as the client returns them when it reads a bin.",
    "needle": "str: the text to look for.",
    "prefix": "str: the beginning.",
    "suffix": "str: the end.",
    "occurrence": "int: which occurrence, 1 for the first, -1 for the last.",
    "numeric_type": "int: a number of `NumericType`.",
    "target_length": "int: length in code points.",
    "pad_string": "str: the text with which the operation fills up.",
    "pattern": "str: regular expression.",
    "regex_flags": "int: numbers of `RegexFlags`, joined with the operator `|`.",
    "replacement": "str: the text that replaces the match.",
    "start": "int: first code point, counted from 0; a negative number counts "
    "from the end.",
    "end": "int: the code point after the last one; None: to the end.",
    "write_item": "the new value; None removes the bin.",
    "append_item": "str or bytes: the value to append.",
    "prepend_item": "str or bytes: the value to put in front.",
    "ttl": "int, seconds, or `TTL_*`: time to live.",
    "expr": "compiled expression.",
    "expression": "compiled expression.",
    "expression_read_flags": "int: `EXP_READ_*`, joined with the operator `|`.",
    "expression_write_flags": "int: `EXP_WRITE_*`, joined with the operator `|`.",
    "flags": "int: `EXP_PATH_*`, joined with the operator `|`.",
    "keys": "list of keys.",
}

EXPRESSIONS = {
    **OPERATIONS,
    "args": "two or more numbers of one type, or expressions that give them.",
    "exprs": "the operands: expressions or constants.",
    "expr0": "expression or constant.",
    "expr1": "expression or constant of the same type.",
    "bin": "str, the name of a bin, or an expression that gives the value.",
    "begin": "the smallest value or key; None: no limit.",
    "value_end": "the end, which is not included.",
    "end": "the end, which is not included; None: no limit.",
    "order": "int: `LIST_SORT_*`, joined with the operator `|`.",
    "value_type": "int: the type of the result, of "
    ":class:`~aerospike_helpers.expressions.resources.ResultType`.",
    "options": "int: `REGEX_*`, joined with the operator `|`.",
    "regex_str": "str: regular expression.",
    "cmp_str": "str, or an expression that gives one: the text.",
    "var_name": "str: name of the variable.",
    "mod": "int: the divisor.",
    "var_id": "int: `EXP_LOOPVAR_KEY`, `EXP_LOOPVAR_VALUE` or `EXP_LOOPVAR_INDEX`.",
    "mod_exp": "expression that gives the new value.",
    "num": "float, or an expression that gives one.",
    "base": "float, or an expression that gives one.",
    "exponent": "float, or an expression that gives one.",
    "numerator": "int, or an expression that gives one.",
    "denominator": "int, or an expression that gives one.",
    "search": "bool: look for a 1 (True) or for a 0 (False).",
    "map": "dict, or an expression that gives a map.",
    "map_value": "dict, the name of a bin, or an expression that gives a map.",
    "list": "list of values, or an expression that gives one.",
    "key": "key of the map, or an expression that gives one.",
    "count": "int, or an expression that gives one: how many.",
}
"""Of classes of expressions: an operand may be an expression, too."""

EXPRESSIONS["expr"] = "expression or constant."

WRONG = (".*", "ParamError", "an argument has a wrong type, and nothing was sent.")

RAISES = {
    "operations": [WRONG],
    "list_operations": [
        (".*", "BinIncompatibleType", "the bin holds no list."),
        (
            "list_(get|pop|remove|set|increment|.*_by_index|.*_by_rank)",
            "OpNotApplicable",
            "the index or rank is not there.",
        ),
        (
            "list_(append|insert|set|increment).*",
            "ElementExistsError",
            "`LIST_WRITE_ADD_UNIQUE` refuses the value.",
        ),
        WRONG,
    ],
    "map_operations": [
        (".*", "BinIncompatibleType", "the bin holds no map."),
        (".*_by_(index|rank)", "OpNotApplicable", "the index or rank is not there."),
        (
            "map_(put|put_items|increment|decrement)",
            "ElementExistsError",
            "`MAP_WRITE_FLAGS_CREATE_ONLY`, and the key is there.",
        ),
        (
            "map_(put|put_items|increment|decrement)",
            "ElementNotFoundError",
            "`MAP_WRITE_FLAGS_UPDATE_ONLY`, and the key is not there.",
        ),
        WRONG,
    ],
    "bitwise_operations": [
        (".*", "BinIncompatibleType", "the bin holds no blob."),
        (
            "bit_(add|and|lshift|not|or|remove|rshift|set|set_int|subtract|xor)",
            "BinNotFound",
            "the bin is missing.",
        ),
        (".*", "OpNotApplicable", "the range goes beyond the end of the blob."),
        (".*", "InvalidRequest", "the offset or the size is out of range."),
        WRONG,
    ],
    "hll_operations": [
        (".*", "BinIncompatibleType", "the bin holds no HyperLogLog."),
        ("hll_(fold|refresh_count)", "BinNotFound", "the bin is missing."),
        (".*", "OpNotApplicable", "the numbers of bits do not allow the operation."),
        ("hll_(init|add|fold)", "InvalidRequest", "a number of bits is out of range."),
        WRONG,
    ],
    "string_operations": [
        (".*", "BinIncompatibleType", "the bin holds no string."),
        ("to_.*|base64_decode", "OpNotApplicable", "the text cannot be converted."),
        ("regex_.*", "InvalidRequest", "the pattern is wrong."),
        (".*", "InvalidRequest", "the server is older than 8.2."),
        WRONG,
    ],
    "expression_operations": [
        (".*", "InvalidRequest", "an operand of the expression has a wrong type."),
        (".*", "OpNotApplicable", "the expression is unknown for this record."),
        WRONG,
    ],
}
"""Module -> what the call with an operation raises: which helpers, class, cause."""
