"""A leaderboard: the best score of each player, in one ordered map.

    python examples/leaderboard.py [HOST:PORT[,HOST:PORT...]]

Without an argument the hosts come from AEROSPIKE_HOSTS, else 127.0.0.1:3000. The
server needs a namespace "test", which development servers have.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import aerospike
from aerospike import exception
from aerospike_helpers import expressions as exp
from aerospike_helpers.operations import expression_operations, map_operations

SET = "leaderboard-example"
ORDERED = {"map_order": aerospike.MAP_KEY_VALUE_ORDERED}
# the same score again changes nothing
RETRY = {"max_retries": 3, "sleep_between_retries": 100}


class Leaderboard:
    """The best players of a game; keep: how many of them."""

    def __init__(self, client: aerospike.Client, game: str, keep: int = 1000) -> None:
        self.client, self.keep = client, keep
        self.key = ("test", SET, game)

    def report(self, player: str, score: int) -> bool:
        """Keep a score if it is the player's best; whether it is."""
        count, value = aerospike.MAP_RETURN_COUNT, aerospike.MAP_RETURN_VALUE
        integer = exp.ResultType.INTEGER
        known = exp.MapGetByKey(None, count, integer, player, "scores")
        best = exp.MapGetByKey(None, value, integer, player, "scores")
        is_better = exp.Or(exp.Eq(known, 0), exp.LT(best, score))
        ops = [
            map_operations.map_put("scores", player, score, ORDERED),
            map_operations.map_remove_by_rank_range(
                "scores", -self.keep, self.keep, aerospike.MAP_RETURN_NONE, True
            ),
        ]
        meta = {"ttl": aerospike.TTL_NEVER_EXPIRE}
        policy = {"expressions": is_better.compile(), **RETRY}
        try:
            self.client.operate(self.key, ops, meta, policy)
        except exception.FilteredOut:
            return False
        return True

    def top(self, n: int) -> list[tuple[str, int]]:
        """The n best, the best of them first; equal scores in the order of names.

        If not all equal scores fit, those with the last names are in the list.
        """
        pairs = aerospike.MAP_RETURN_KEY_VALUE
        ops = [map_operations.map_get_by_rank_range("scores", -n, n, pairs)]
        try:
            flat = self.client.operate(self.key, ops)[2]["scores"]
        except exception.RecordNotFound:
            return []
        found = zip(flat[::2], flat[1::2], strict=True)
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def place(self, player: str) -> int | None:
        """1 for the best; equal scores have the same place. None: not in the list."""
        mine = exp.MapGetByKey(
            None, aerospike.MAP_RETURN_VALUE, exp.ResultType.INTEGER, player, "scores"
        )
        better = exp.MapGetByValueRange(
            None,
            aerospike.MAP_RETURN_COUNT,
            exp.Add(mine, 1),
            aerospike.CDTInfinite(),
            "scores",
        )
        place = exp.Add(better, 1).compile()
        no_fail = aerospike.EXP_READ_EVAL_NO_FAIL
        ops = [expression_operations.expression_read("place", place, no_fail)]
        try:
            found: int | None = self.client.operate(self.key, ops)[2]["place"]
        except exception.RecordNotFound:
            return None
        return found


def demo(client: aerospike.Client) -> None:
    board = Leaderboard(client, "chess")
    expect("top(3) of nobody", (board.top(3), board.place("ada")), ([], None))
    players = ["ada", "bob", "cay", "dan"]
    scores = [(players[n % 4], n * 7 % 40) for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda each: board.report(*each), scores))
    best = {name: max(s for p, s in scores if p == name) for name in players}
    top = sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))
    expect("top(3)", board.top(3), top[:3])
    board.report("eve", top[0][1])
    expect("a lower score", board.report("eve", 1), False)
    expect("place() of two with the same", board.place(top[0][0]), 1)
    expect("place() of the next", board.place(top[1][0]), 3)
    expect("place() of nobody", board.place("nobody"), None)


if __name__ == "__main__":
    from _try import expect, run

    run(SET, demo)
