"""How calls, and the methods that run them, look to `help`, `inspect` and the like."""

from __future__ import annotations

from types import FunctionType

TYPE_CHECKING = False
if TYPE_CHECKING:
    import inspect
    from collections.abc import Callable
    from typing import Any, ParamSpec, TypeVar

    P = ParamSpec("P")
    T = TypeVar("T")
    Class = TypeVar("Class", bound=type)
    Function = TypeVar("Function", bound=Callable[..., Any])


def dress(function: Any, call: Any, wrapped: object = None) -> None:
    """Give a function the name and the text of a call, and the signature of `wrapped`.

    :param wrapped: what `inspect` finds behind the function; None: the call.
    """
    function.__name__ = call.__name__
    function.__qualname__ = call.__qualname__
    function.__doc__ = call.__doc__
    function.__annotations__ = {
        name: result_of(hint) if name == "return" else hint
        for name, hint in call.__annotations__.items()
    }
    function.__wrapped__ = call if wrapped is None else wrapped


def check_given(
    call: Callable[..., Any], n_positional: int, keywords: set[str]
) -> None:
    """Raise TypeError with the name of the first argument that a call lacks, if any, or
    when there are too many.

    It says so in the words of functions in C, which other clients of Aerospike are.
    """
    import inspect

    parameters = inspect.signature(call).parameters.values()
    n_given = n_positional + len(keywords)
    if n_given > len(parameters):
        noun = "argument" if len(parameters) == 1 else "arguments"
        raise TypeError(
            f"{call.__name__}() takes at most {len(parameters)} {noun} "
            f"({n_given} given)"
        )
    for place, parameter in enumerate(parameters, 1):
        is_given = place <= n_positional or parameter.name in keywords
        if parameter.default is parameter.empty and not is_given:
            raise TypeError(
                f"{call.__name__}() missing required argument {parameter.name!r} "
                f"(pos {place})"
            )


def result_of(hint: object) -> str:
    """What a call returns in the end, of the annotation "Call[...]"."""
    text = str(hint)
    return text.removeprefix("Call[")[:-1] if text.startswith("Call[") else text


class _AsMethod:
    """What tools find behind a method: its call, and that with `self` in front."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self.__wrapped__ = call

    @property
    def __signature__(self) -> inspect.Signature:
        import inspect

        of_call = inspect.signature(self.__wrapped__)
        itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        returns = result_of(of_call.return_annotation)
        parameters = [itself, *of_call.parameters.values()]
        return inspect.Signature(parameters, return_annotation=returns)


def shows(call: Callable[..., Any], owner: str) -> Callable[[Function], Function]:
    """The decorated method shows the name, the text and the signature of a call.

    :param owner: the name of the class that has the method.
    """

    def decorate(method: Function) -> Function:
        dress(method, call, _AsMethod(call))
        return named(f"{owner}.{call.__name__}")(method)

    return decorate


def named(name: str) -> Callable[[Function], Function]:
    """The decorated function goes by the name that users know it by.

    Python says it when it refuses arguments, and pickle looks for it there.

    :param name: as in "Client.get", in the module aerospike.
    """

    def decorate(function: Function) -> Function:
        function.__module__ = "aerospike"
        function.__qualname__ = name
        return function

    return decorate


def owns_its_methods(cls: Class) -> Class:
    """Tell the functions of a class, as those in C tell, which class they are of.

    `inspect` and programs that are handed a method look for that in `__objclass__`.
    """
    for own in vars(cls).values():
        if isinstance(own, FunctionType):
            own.__dict__["__objclass__"] = cls
    return cls


def goes_by_its_name(cls: Class) -> Class:
    """Give a class functions of its own for what the classes behind it define.

    Python says the name of the function when it refuses arguments, and users know the
    name of this class only.
    """
    for base in cls.__mro__[1:]:
        for name, inherited in vars(base).items():
            is_known = name == "__init__" or not name.startswith("_")
            is_function = isinstance(inherited, FunctionType)
            if is_known and is_function and name not in vars(cls):
                setattr(cls, name, copied(inherited, f"{cls.__qualname__}.{name}"))
    return owns_its_methods(cls)


def copied(method: Function, name: str) -> Function:
    """A copy of a function that goes by another name, "Class.method"."""
    function: Any = method
    parts = function.__code__, function.__globals__, function.__name__
    copy: Any = FunctionType(*parts, function.__defaults__, function.__closure__)
    for attribute in ("__kwdefaults__", "__doc__", "__annotations__", "__module__"):
        setattr(copy, attribute, getattr(function, attribute))
    copy.__dict__.update(function.__dict__)
    copy.__qualname__ = name
    made: Function = copy
    return made


def also_called(older: str, name: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """The decorated call takes an argument by the keyword of the 2.x line, too.

    :param older: that keyword, which no tool shows.
    :param name: the name of the argument.
    """

    def decorate(call: Callable[P, T]) -> Callable[P, T]:
        def either(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                if older in kwargs:
                    if name in kwargs:
                        raise TypeError(f"'{name}' and '{older}' are the same argument")
                    kwargs[name] = kwargs.pop(older)
                return call(*args, **kwargs)
            finally:
                del args, kwargs  # as in `blocking`

        dress(either, call)
        return either

    return decorate
