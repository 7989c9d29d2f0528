"""The names that annotations use: those of aerospike.typing, or what they come down to.

Type checkers see the former. A running program gets the latter, for tools that evaluate
annotations, since aerospike.typing costs more to import than all of the client.
"""

TYPE_CHECKING = False  # as in typing, which need not be imported for it
if TYPE_CHECKING:
    from typing import Any as Any
    from typing import NoReturn as NoReturn

    from typing_extensions import Self as Self

    from aerospike._core import AsyncStream as AsyncStream
    from aerospike._core import Stream as Stream
    from aerospike._types import CompiledExpression as CompiledExpression
    from aerospike.typing import AdminPolicy as AdminPolicy
    from aerospike.typing import ApplyPolicy as ApplyPolicy
    from aerospike.typing import BatchApplyPolicy as BatchApplyPolicy
    from aerospike.typing import BatchPolicy as BatchPolicy
    from aerospike.typing import BatchReadPolicy as BatchReadPolicy
    from aerospike.typing import BatchRemovePolicy as BatchRemovePolicy
    from aerospike.typing import BatchWritePolicy as BatchWritePolicy
    from aerospike.typing import Bins as Bins
    from aerospike.typing import BitPolicy as BitPolicy
    from aerospike.typing import HLLPolicy as HLLPolicy
    from aerospike.typing import InfoPolicy as InfoPolicy
    from aerospike.typing import Key as Key
    from aerospike.typing import ListPolicy as ListPolicy
    from aerospike.typing import MapPolicy as MapPolicy
    from aerospike.typing import Meta as Meta
    from aerospike.typing import OperatePolicy as OperatePolicy
    from aerospike.typing import Operation as Operation
    from aerospike.typing import Options as Options
    from aerospike.typing import Privilege as Privilege
    from aerospike.typing import QueryOptions as QueryOptions
    from aerospike.typing import QueryPolicy as QueryPolicy
    from aerospike.typing import ReadPolicy as ReadPolicy
    from aerospike.typing import Record as Record
    from aerospike.typing import RemovePolicy as RemovePolicy
    from aerospike.typing import RoleInfo as RoleInfo
    from aerospike.typing import ScanOptions as ScanOptions
    from aerospike.typing import ScanPolicy as ScanPolicy
    from aerospike.typing import UserInfo as UserInfo
    from aerospike.typing import WriteMeta as WriteMeta
    from aerospike.typing import WritePolicy as WritePolicy
else:
    from aerospike._core import AsyncStream as AsyncStream
    from aerospike._core import Record as Record
    from aerospike._core import Stream as Stream
    from aerospike._types import CompiledExpression as CompiledExpression

    Any = Self = object
    NoReturn = None
    Key = tuple
    AdminPolicy = ApplyPolicy = InfoPolicy = OperatePolicy = QueryPolicy = dict
    ReadPolicy = RemovePolicy = ScanPolicy = WritePolicy = dict
    BatchPolicy = BatchApplyPolicy = BatchReadPolicy = BatchRemovePolicy = dict
    Privilege = RoleInfo = UserInfo = dict
    BatchWritePolicy = Bins = Meta = Operation = Options = WriteMeta = dict
    BitPolicy = HLLPolicy = ListPolicy = MapPolicy = QueryOptions = ScanOptions = dict
