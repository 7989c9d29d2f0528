"""The pages of the reference, made from the client itself.

A line `<!-- generated: NAME ARGUMENT... -->` of a page (see generated.py) is replaced
by the directives that one of these functions returns:

    module NAME            everything public of a module
    class NAME             a class with all its methods, in groups
    async-class            the methods of AsyncClient
    entries MODULE NAME... some functions and classes of a module
    types                  the types for annotations
    config                 keys of the configuration
    policies               keys of all policies, and of metadata
    exception-entries      every exception, with its code, cause and cure
    error-texts            texts that programs see, with cause and cure
    constants              every constant, in groups

Sphinx reads the docstrings. To each it adds here what stands in tables: the arguments
(argument_texts.py), the names in other clients (other_clients.py) and an example
(examples/).
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import aerospike
import argument_texts
import constant_texts
import error_texts
import example_texts
import option_texts
import other_clients
from aerospike import _constants, _core, exception
from awaited_examples import is_awaited

OPERATIONS = "aerospike_helpers.operations."
EXPRESSIONS = "aerospike_helpers.expressions."
HIDDEN = ("Generic",)
"""Names without an underscore that are not meant for users."""
HIDDEN_METHODS = {
    "aerospike_devserver.faults.Faults": "refuses place_of reply welcome passed",
}
"""Full name of a class -> its methods that are for other modules of its package."""

CLIENT_GROUPS = {
    "Making and closing a client": "from_url from_env connect close is_connected",
    "Reading a record": "get select exists",
    "Writing a record": "put remove remove_bin touch append prepend increment",
    "Several operations at once": "operate operate_ordered",
    "Batches": """
        batch_read batch_write batch_operate batch_remove batch_apply get_many
        select_many exists_many batch_get_ops
    """,
    "Queries, scans and background work": """
        query scan job_info scan_info query_apply scan_apply
    """,
    "Secondary indexes and sets": r"index_\w+ truncate",
    "Functions in Lua": r"udf_\w+ apply",
    "Transactions": "commit abort",
    "Keys": "get_key_digest get_key_partition_id",
    "Nodes and settings": r"""
        get_nodes get_node_names info info_\w+ get_policies has_geo shm_key
        set_xdr_filter get_expression_base64 get_cdtctx_base64
    """,
    "Statistics and metrics": "get_stats enable_metrics disable_metrics",
    "Users and roles": r"admin_\w+",
    "Operations on lists, one at a time": r"list_\w+",
    "Operations on maps, one at a time": r"map_\w+",
    "Large data types": "llist",
}
"""Heading -> names of Client's methods, or what they match."""

NOTES = {
    "Operations on lists, one at a time": "Methods of the 2.x line. Each sends one "
    "operation. [](list-operations.md) has today's functions, of which `operate()` "
    "sends several in one request.",
    "Operations on maps, one at a time": "Methods of the 2.x line, likewise; "
    "[](map-operations.md) has today's functions.",
}


EXAMPLES = {
    "Transactions": "client_transactions",
    "Users and roles": "client_users",
    "Operations on lists, one at a time": "client_lists",
    "Operations on maps, one at a time": "client_maps",
}
"""Heading of a group -> the file of its examples, where it is not client.txt."""


def beginning(file: str) -> list[str]:
    """What all examples of a file need first, for the page."""
    common = example_texts.COMMON.get(file)
    if common is None:
        return []
    code = [f"   {line}".rstrip() for line in common.splitlines()]
    return ["", "Each example begins so:", "", ".. code-block:: python", "", *code, ""]


def file_of(module: str) -> str:
    """The file with the examples of a module or class."""
    all_files = (*example_texts.FILES, *example_texts.AWAITED)
    files = [f.path.stem for f in all_files if f.module == module]
    return files[0] if files else ""


def rst(*lines: str) -> str:
    """Lines of reStructuredText in a page of Markdown."""
    return "\n".join(["````{eval-rst}", *lines, "````"])


def methods_of(cls: type) -> list[str]:
    """Public methods and properties of a class, as they were defined."""
    hidden = HIDDEN_METHODS.get(f"{cls.__module__}.{cls.__qualname__}", "").split()
    found: dict[str, None] = {}
    for base in reversed(cls.__mro__):
        if base.__module__.startswith("aerospike"):
            found |= dict.fromkeys(n for n in vars(base) if not n.startswith("_"))
    return [name for name in found if name in dir(cls) and name not in hidden]


def in_groups() -> dict[str, list[str]]:
    """Heading -> methods of Client; each stands under the first that fits."""
    left = sorted(methods_of(aerospike.Client))
    groups = {}
    for heading, patterns in CLIENT_GROUPS.items():
        found = [
            name
            for pattern in patterns.split()
            for name in left
            if re.fullmatch(pattern, name)
        ]
        groups[heading] = list(dict.fromkeys(found))
        left = [name for name in left if name not in found]
    assert not left, f"no group for {left}"
    return groups


def _member(cls: type, owner: str, name: str) -> str:
    kind = inspect.getattr_static(cls, name)
    is_call = callable(kind) or isinstance(kind, (classmethod, staticmethod))
    return f".. auto{'method' if is_call else 'attribute'}:: {owner}.{name}"


def one_class(name: str) -> str:
    """A class with all its methods; those of Client in groups."""
    owner, _, own_name = name.rpartition(".")
    cls = getattr(importlib.import_module(owner), own_name)
    if cls is aerospike.Client:
        own = rst(f".. autoclass:: {name}", *beginning("client"))
        parts = [own]
        for heading, names in in_groups().items():
            first = beginning(EXAMPLES.get(heading, "-"))
            members = rst(*first, *(_member(cls, name, method) for method in names))
            parts += [f"## {heading}", NOTES.get(heading, ""), members]
        return "\n\n".join(parts)
    return rst(
        f".. autoclass:: {name}",
        *beginning(file_of(name)),
        *(_member(cls, name, method) for method in methods_of(cls)),
    )


def async_class() -> str:
    """Each method of AsyncClient: what is its own in full, the rest in one sentence."""
    name = "aerospike.AsyncClient"
    cls = aerospike.AsyncClient
    own = [n for n in methods_of(cls) if not hasattr(aerospike.Client, n)]
    parts = [rst(f".. autoclass:: {name}", *beginning("async_client"))]
    groups = {"Only of this class": own, **in_groups()}
    for heading, names in groups.items():
        is_own = names is own
        file = "event_loops" if is_own else f"async_{EXAMPLES.get(heading, '-')}"
        lines = beginning(file)
        for method in names:
            if is_own or method in ("connect", "close"):
                lines.append(f".. automethod:: {name}.{method}")
            else:
                lines += _as_in_client(method)
        parts += [f"## {heading}", rst(*lines)]
    return "\n\n".join(parts)


def _as_in_client(method: str) -> Iterator[str]:
    """A method of AsyncClient that Client has: one sentence, a link and an example."""
    cls = aerospike.AsyncClient
    name = f"aerospike.AsyncClient.{method}"
    function = getattr(cls, method)
    sentence = (inspect.getdoc(function) or "").split("\n\n")[0]
    yield from ("", f".. py:method:: {name}{_parameters(function)}")
    if is_awaited(cls, method):
        yield "   :async:"
    yield from ("", *(f"   {line}" for line in sentence.splitlines()), "")
    yield from (f"   As :py:meth:`aerospike.Client.{method}`.", "")
    yield from (f"   {line}".rstrip() for line in _example_lines(name))


def _parameters(function: Any) -> str:
    """The signature without self and without types."""
    signature = inspect.signature(function)
    own = [
        p.replace(annotation=p.empty)
        for p in signature.parameters.values()
        if p.name != "self"
    ]
    text = str(inspect.Signature(own)).replace("/, ", "").replace("(/)", "()")
    return text.replace("Ellipsis", "...")


def public_names(module: Any) -> list[str]:
    """The public functions and classes that a module defines, as they stand."""
    listed = getattr(module, "__all__", None)
    names = [n for n in vars(module) if not n.startswith("_")]
    return [
        name
        for name in names
        if (name in listed if listed is not None else name not in HIDDEN)
        and getattr(vars(module)[name], "__module__", None) == module.__name__
        and (
            inspect.isclass(vars(module)[name]) or inspect.isroutine(vars(module)[name])
        )
        and getattr(vars(module)[name], "__name__", name) == name
    ]


def one_module(name: str) -> str:
    """What a module says at its top, and everything public in it."""
    module = importlib.import_module(name)
    lines = [f".. automodule:: {name}", *beginning(file_of(name)), ""]
    return rst(*lines, *_entries(name, public_names(module)))


def _entries(module: str, names: Sequence[str]) -> Iterator[str]:
    for name in names:
        found = getattr(importlib.import_module(module), name)
        if not inspect.isclass(found):
            yield f".. autofunction:: {module}.{name}"
        else:
            yield f".. autoclass:: {module}.{name}"
            if not module.startswith(EXPRESSIONS):
                yield "   :members:"
        yield ""


def entries(module: str, *names: str) -> str:
    """Some functions and classes of a module."""
    return rst(*beginning(file_of(module)), *_entries(module, names))


def types() -> str:
    """The types for annotations: aliases, then the dicts with their keys."""
    name = "aerospike.typing"
    module = importlib.import_module(name)
    lines = [f".. automodule:: {name}", "", ".. py:currentmodule:: None", ""]
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            lines += [f".. autodata:: {name}.{node.target.id}", "   :no-value:", ""]
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            keys = ", ".join(f"``{key}``" for key in _keys(getattr(module, node.name)))
            said = ast.get_docstring(node) or ""
            lines += [f".. py:class:: {name}.{node.name}", ""]
            lines += (f"   {line}".rstrip() for line in _with_code(said.splitlines()))
            lines += ["", f"   :Keys: {keys}", ""]
            lines += (f"   {line}" for line in _other_lines(name, node.name))
    return rst(*lines)


def _keys(typed_dict: Any) -> list[str]:
    return list(typed_dict.__annotations__)


# Keys

SECTIONS = {
    "config": "",
    "shm": "shm.",
    "lua": "lua.",
    "policies": "policies.",
    "tls": "tls.",
}
"""Table of options -> what stands before the keys in the configuration."""

POLICIES_KEYS = ("auth_mode", "login_timeout_ms", "metrics")


def _confval(name: str, table: str, key: str, text: option_texts.Text) -> Iterator[str]:
    row = next((r for r in _core.option_tables()[table] if r["name"] == key), None)
    default = text.default
    yield f".. confval:: {name}"
    yield f"   :type: {text.type}"
    if isinstance(default, str):
        yield f"   :default: {f'``{default}``' if default else 'none'}"
    else:
        shown = (f"``{v}``{f' ({k})' if k else ''}" for k, v in default.items())
        yield f"   :default: {', '.join(shown)}"
    yield ""
    yield f"   {_to_rst(text.meaning)}"
    yield ""
    if row is not None and row["type"] == "ignored" and key != "partition_filter":
        yield "   It is accepted and has no effect."
        yield ""
    if row is not None and row["type"] == "int" and row["max"] > row["min"]:
        yield f"   :Range: {row['min']} to {row['max']}"
    if table == "policy" and row is not None:
        yield f"   :In the policies: {', '.join(row['kinds'])}"
    older = [r["name"] for r in _core.option_tables()[table] if r["new_name"] == key]
    if older:
        yield f"   :Older name: {', '.join(f'``{name}``' for name in older)}"
    owner = "policy" if table in ("policy", "meta") else "config"
    where = name.removeprefix("policy.").removeprefix("meta.")
    yield from (f"   {line}" for line in _other_lines(owner, where))
    yield ""
    yield from (f"   {line}".rstrip() for line in _example_lines(example_name(name)))


def example_name(key: str) -> str:
    """The name of a key in the examples: those of the configuration are in `config`."""
    return key if key.startswith(("policy.", "meta.")) else f"config.{key}"


_MARKDOWN = re.compile(
    r"""(?P<kept>``.+?``|:[\w:]+:`[^`]+`)
    |\[(?P<name>[^]]*)\]\((?P<page>\w+)\.md(?:\#[\w-]+)?\)
    |\[(?P<here>[^]]+)\]\(\#[\w-]+\)
    |`(?P<code>[^`]+)`""",
    re.VERBOSE,
)


def _to_rst(text: str) -> str:
    """Markdown of one paragraph, as reStructuredText, which may be in it already."""

    def other(found: re.Match[str]) -> str:
        kept, name, page, here, code = found.groups()
        if page:
            return f":doc:`{name} </{page}>`" if name else f":doc:`/{page}`"
        return kept or here or f"``{code}``"

    return _MARKDOWN.sub(other, text)


def config_keys() -> str:
    """Every key of the configuration, with the sections in it."""
    lines = beginning("config")
    for table, before in SECTIONS.items():
        lines += beginning(f"config_{table}")
        for key, text in option_texts.TABLES[table].items():
            lines += _confval(before + key, table, key, text)
    return rst(*lines)


def policy_keys() -> str:
    """Every key of policies, then those of metadata."""
    lines = beginning("policy")
    for key, text in option_texts.POLICY.items():
        lines += _confval(f"policy.{key}", "policy", key, text)
    for row in _core.option_tables()["policy"]:
        if row["new_name"] is not None and row["name"] not in option_texts.POLICY:
            today = row["new_name"]
            lines += ["", f".. confval:: policy.{row['name']}", ""]
            lines += [f"   An older name of :confval:`policy.{today}`.", ""]
    lines += beginning("meta")
    for key, text in option_texts.META.items():
        lines += _confval(f"meta.{key}", "meta", key, text)
    return rst(*lines)


# Exceptions


def exception_entries() -> str:
    """Each class of errors: code, bases, cause, cure."""
    lines: list[str] = []
    for name, cls in sorted(vars(exception).items()):
        if not inspect.isclass(cls) or not issubclass(cls, Exception):
            continue
        if name.startswith("_") or name == "AerospikeError":
            continue
        lines += ["", f".. py:exception:: aerospike.exception.{name}", ""]
        lines += _index_lines(name, cls)
        if name != cls.__name__:
            same = f":py:exc:`~aerospike.exception.{cls.__name__}`"
            lines += [f"   Another name of {same}.", ""]
        elif issubclass(cls, exception.LDTError):
            lines += [f"   {error_texts.OF_LARGE_TYPES}", ""]
        else:
            text = error_texts.EXCEPTIONS[name]
            lines += [f"   {text.cause}", "", f"   :What to do: {text.cure}"]
        code = getattr(cls, "code", None)
        if code is not None:
            symbol = vars(exception)["_SYMBOLS"].get(code)
            lines.append(
                f"   :Result code: {code}{f', ``{symbol}``' if symbol else ''}"
            )
        bases = [
            f":py:exc:`{b.__module__.removeprefix('builtins')}.{b.__name__}`".replace(
                "`.", "`"
            )
            for b in cls.__bases__
        ]
        lines.append(f"   :Bases: {', '.join(bases)}")
        lines += (f"   {line}" for line in _other_lines("aerospike.exception", name))
        shown = _example_lines(f"aerospike.exception.{name}")
        lines += ["", *(f"   {line}".rstrip() for line in shown)]
    parent = ".. autoexception:: aerospike.exception.AerospikeError"
    return rst(*beginning("exceptions"), parent, *lines)


def _index_lines(name: str, cls: type[Exception]) -> Iterator[str]:
    """Entries of the index, so that search leads from a code or its name to a class."""
    code = getattr(cls, "code", None)
    if code is not None and name == cls.__name__:
        symbol = vars(exception)["_SYMBOLS"].get(code)
        yield f"   .. index:: ! error code {code}{f', ! {symbol}' if symbol else ''}"
        yield ""


def error_text_sections() -> str:
    """A section for each text, so that search leads to it."""
    parts = []
    for row in sorted(error_texts.TEXTS, key=lambda row: row.text.lower()):
        parts += [
            f"## {row.text}",
            f"**Raises** {_exception_role(row.exception)}",
            f"**Cause.** {row.cause}",
            f"**Cure.** {row.cure}",
        ]
    return "\n\n".join(parts)


def _exception_role(name: str) -> str:
    """A link to a class of the client; the name of one of Python's own."""
    own = hasattr(exception, name)
    return f"{{py:exc}}`{'~aerospike.exception.' if own else ''}{name}`"


# Constants


def groups_of_constants() -> dict[str, list[str]]:
    """Title -> names, as src/aerospike/_constants.py has them."""
    groups: dict[str, list[str]] = {}
    title = ""
    for line in inspect.getsource(_constants).splitlines():
        if line.startswith("# "):
            title = line.removeprefix("# ")
        elif match := re.match(r"([A-Z]\w+) = ", line):
            groups.setdefault(title, []).append(match[1])
    return groups


def constants() -> str:
    """Each constant: its value, what it means, where it is used, with an example."""
    parts = [rst(*beginning("constants"))]
    for title, names in groups_of_constants().items():
        text = constant_texts.GROUPS[title]
        lines: list[str] = []
        for name in names:
            lines += [
                "",
                f".. py:data:: aerospike.{name}",
                f"   :value: {getattr(aerospike, name)!r}",
                "",
                f"   {_to_rst(constant_texts.meaning(name))}",
                "",
            ]
            lines += (f"   {x}" for x in _lines_of(*other_clients.of_constant(name)))
        shown = {example_texts.ALL.get(f"constants.{name}"): name for name in names}
        examples = [f"```python\n{example}\n```" for example in shown if example]
        parts += [f"## {text.heading}", text.where, *examples, rst(*lines)]
    return "\n\n".join(parts)


# What is added to docstrings


def _other_lines(owner: str, name: str) -> list[str]:
    """Fields that say what the other clients call it."""
    if other_clients.is_ours(owner, name):
        return ["", ".. versionadded:: 20.0", "   Not in the other clients.", ""]
    return _lines_of(
        other_clients.in_2x(owner, name), other_clients.in_19x(owner, name)
    )


def _lines_of(old: str, new: str) -> list[str]:
    if old == new:
        return [f":In 2.x and 19.x: {old}"]
    return [f":In 2.x: {_to_rst(old)}", f":In 19.x: {_to_rst(new)}"]


def _argument_lines(name: str, found: Any, text: str) -> Iterator[str]:
    """Fields of the arguments that the docstring does not describe itself."""
    module = name.rpartition(".")[0]
    if module.startswith(EXPRESSIONS):
        texts = argument_texts.EXPRESSIONS
    elif module.startswith(OPERATIONS):
        texts = argument_texts.OPERATIONS
    else:
        return
    for parameter in inspect.signature(found).parameters:
        if f":param {parameter}:" not in text and parameter in texts:
            yield f":param {parameter}: {_to_rst(texts[parameter])}"


def _raises_lines(name: str) -> Iterator[str]:
    """Fields of the errors that are the same for all helpers of a module."""
    module, _, own = name.rpartition(".")
    for pattern, error, text in argument_texts.RAISES.get(
        module.removeprefix(OPERATIONS), ()
    ):
        if re.fullmatch(pattern, own):
            yield f":raises {error}: {_to_rst(text)}"


def _with_code(lines: Sequence[str]) -> Iterator[str]:
    """Say of an indented paragraph that it is code, as docstrings mean it."""
    before = ""
    is_code = False
    for line in lines:
        begins = line.startswith("    ") and not is_code
        if begins and not before and not line.lstrip().startswith((":", "..")):
            yield from (".. code-block:: python", "")
            is_code = True
        elif line and not line.startswith(" "):
            is_code = False
        yield line
        before = line


def _with_link(line: str) -> str:
    """Have the name of an exception lead to its entry."""
    name = re.match(r":raises (\w+):", line)
    if name is None or not hasattr(exception, name[1]):
        return line
    return line.replace(name[1], f"~aerospike.exception.{name[1]}", 1)


def _on_docstring(
    _app: object, what: str, name: str, found: Any, _options: object, lines: list[str]
) -> None:
    """Add to a docstring what stands in tables."""
    lines[:] = map(_with_link, _with_code(lines))
    if what == "module":
        return
    owner, _, own = name.rpartition(".")
    while lines and not lines[-1]:
        lines.pop()
    added: list[str] = []
    if what in ("function", "class"):
        added += _argument_lines(name, found, "\n".join(lines))
    if what == "function":
        added += map(_with_link, _raises_lines(name))
    added += _other_lines(owner, own)
    is_field = bool(lines) and _ends_in_field(lines)
    lines += [*([] if is_field else [""]), *added, ""]
    lines += _example_lines(name)


def _example_lines(name: str) -> Iterator[str]:
    """The example of an object, if it has one."""
    example = example_texts.ALL.get(name)
    if example is not None:
        yield from ("Example:", "", ".. code-block:: python", "")
        yield from (f"   {line}".rstrip() for line in example.splitlines())
        yield ""


SIGNATURES = {
    **dict.fromkeys(
        (
            *("aerospike.Query", "aerospike.Scan"),
            *("aerospike.AsyncQuery", "aerospike.AsyncScan", "aerospike.LList"),
            *(f"aerospike.monitoring.Command{n}" for n in ("Started", "Succeeded")),
            *("aerospike._core.Stream", "aerospike._core.AsyncStream"),
            "aerospike._core.Record",
            *("aerospike_devserver.faults.Faults", "aerospike_devserver.faults.Fault"),
            "aerospike.monitoring.CommandFailed",
            "aerospike.monitoring.NodeEvent",
            "aerospike.monitoring.ConnectionEvent",
        ),
        "",
    ),
    "aerospike.GeoJSON": "(geo_data)",
    "aerospike.Transaction": "(reads_capacity=128, writes_capacity=128)",
    "aerospike.null": "()",
    "aerospike.CDTWildcard": "()",
    "aerospike.CDTInfinite": "()",
    "aerospike.set_serializer": "(function)",
    "aerospike.set_deserializer": "(function)",
    "aerospike.set_log_handler": "(log_handler=...)",
    "aerospike.set_log_level": "(loglevel)",
}
"""Signatures as they are meant, where Python sees more; "" for what only the client
makes."""


def _on_signature(
    _app: object,
    what: str,
    name: str,
    _found: Any,
    _options: object,
    signature: str | None,
    returns: str | None,
) -> tuple[str, str | None] | None:
    """Show a signature as it is meant."""
    if name in SIGNATURES:
        return SIGNATURES[name], returns
    if signature is None and what == "class" and name.startswith(EXPRESSIONS):
        return ("" if name.endswith("ResultType") else "()"), returns
    if signature is not None and "Ellipsis" in signature:
        return signature.replace("Ellipsis", "..."), returns
    return None


def _ends_in_field(lines: Sequence[str]) -> bool:
    """Whether the last paragraph is a list of fields."""
    for line in reversed(lines):
        if re.match(r":\w[^:]*:", line):
            return True
        if not line.startswith(" "):
            return False
    return False


FUNCTIONS: dict[str, Callable[..., str]] = {
    "module": one_module,
    "class": one_class,
    "async-class": async_class,
    "entries": entries,
    "types": types,
    "config": config_keys,
    "policies": policy_keys,
    "exception-entries": exception_entries,
    "error-texts": error_text_sections,
    "constants": constants,
}


def setup(app: Any) -> dict[str, bool]:
    """What Sphinx calls."""
    app.connect("autodoc-process-docstring", _on_docstring)
    app.connect("autodoc-process-signature", _on_signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
