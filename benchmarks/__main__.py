"""`python -m benchmarks`: how good the plans are, how fast, and how others do on the same instances.

    make bench                                    a quarter of an hour of what tells most
    make bench ARGS="spreekuur all"               every size, load and seed, and all shared instances
    make bench ARGS="spreekuur M-130 vitoria-S"   these, see below
    make bench ARGS="peers M-130 --seconds 60"    other solvers
    make bench ARGS="growth"                      time and memory against the number of requests
    make bench ARGS="curve M-100 L-100 XL-100"    gap against time
    make bench ARGS="options"                     one request's possibilities, from the database
    make bench ARGS="night L-100"                 a planning run over a database
    make bench ARGS="spread L-100"                the same by one worker and by two, on PostgreSQL and Redis
    make bench ARGS="serve"                       the API over HTTP, fifty clients at once
    make bench ARGS="billing"                     a month of performances: drafts, and made final
    make bench ARGS="week"                        the agenda's week: answered, sent, drawn
    make bench ARGS="mail"                        ten thousand reminders of one minute, by two workers

Figures go to `bench-results/` (`--output`): JSON with versions and machine, Markdown, pictures.
Times are as seen on this machine at this moment; compare ratios and gaps.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import (
    against,
    billing,
    curve,
    growth,
    inputs,
    mail,
    night,
    options,
    serving,
    solving,
    spread,
    week,
)
from benchmarks.databases import DATABASES
from benchmarks.inputs import SEEDS, UnknownInstanceError, expanded
from benchmarks.machine import Record
from benchmarks.peers import PEERS
from solver.files.reading import MalformedInputError

UNUSABLE = 2
"""Exit code: an instance that there is not, or that cannot be read."""

USUAL = ("S", "M", "L-100")
USUAL_REAL = ("vitoria-S-drop10", "vitoria-M-drop10")
USUAL_AGAINST = ("S-100", "M-130")
USUAL_CURVES = ("M-100", "L-100")
USUAL_NIGHT = ("L-100",)
PEER_SECONDS = 30.0
NIGHT_SECONDS = 30.0
SPREAD_ITERATIONS = 200


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what was asked for; every known trouble is one line and an exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    asked = _parser().parse_args(given)
    try:
        if asked.what is None:
            _usual(asked.output, given)
        else:
            asked.run(asked, given)
    except (UnknownInstanceError, MalformedInputError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        sys.exit(UNUSABLE)


def _usual(folder: Path, given: list[str]) -> None:
    """What `make bench` measures."""
    names = [*USUAL, *(USUAL_REAL if inputs.is_here() else ())]
    solving.benchmark(expanded(names, SEEDS), (), Record("spreekuur", folder, given))
    chosen = expanded(USUAL_AGAINST, (1,))
    against.benchmark(chosen, list(PEERS), PEER_SECONDS, Record("peers", folder, given))
    print(
        f"The figures are in {folder}/. To measure more:\n{(__doc__ or '').partition(chr(10))[2]}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m benchmarks",
        description=f"{__doc__}\n{inputs.__doc__}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--output", type=Path, default=Path("bench-results"), metavar="FOLDER")
    commands = parser.add_subparsers(
        dest="what",
        metavar="spreekuur | peers | growth | curve | options | night | spread | serve | week | mail | billing",
    )

    solve = commands.add_parser("spreekuur", help="our solver")
    _common(solve, SEEDS, names=(*USUAL,))
    solve.add_argument("--seconds", type=float, nargs="+", default=[], metavar="S")
    solve.set_defaults(run=_spreekuur)

    peers = commands.add_parser("peers", help="other ways of planning, beside it")
    _common(peers, (1,), names=USUAL_AGAINST)
    peers.add_argument("--seconds", type=float, default=PEER_SECONDS, metavar="S")
    peers.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS), metavar="PEER")
    peers.set_defaults(run=_peers)

    grow = commands.add_parser("growth", help="time and memory against size")
    _common(grow, (1,), names=None)
    grow.add_argument("--sizes", type=int, nargs="+", default=growth.SIZES, metavar="REQUESTS")
    grow.add_argument("--load", type=int, default=100, metavar="PERCENT")
    grow.add_argument("--seconds", type=float, metavar="S")
    grow.set_defaults(run=_growth)

    curves = commands.add_parser("curve", help="gap against time")
    _common(curves, (1,), names=USUAL_CURVES)
    curves.add_argument("--seconds", type=float, metavar="S")
    curves.set_defaults(run=_curve)

    possible = commands.add_parser("options", help="what is possible for one request")
    _common(possible, (1,), names=None)
    possible.add_argument(
        "--sizes", type=int, nargs="+", default=options.SIZES, metavar="AVAILABILITIES"
    )
    possible.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES)
    possible.set_defaults(run=_options)

    nights = commands.add_parser("night", help="a planning run over a database")
    _common(nights, (1,), names=USUAL_NIGHT)
    nights.add_argument("--seconds", type=float, default=NIGHT_SECONDS, metavar="S")
    nights.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES)
    nights.set_defaults(run=_night)

    shared = commands.add_parser("spread", help="a run by one worker and by several")
    _common(shared, (1,), names=USUAL_NIGHT)
    shared.add_argument("--workers", type=int, nargs="+", default=(1, 2), metavar="N")
    shared.add_argument("--iterations", type=int, default=SPREAD_ITERATIONS, metavar="N")
    shared.set_defaults(run=_spread)

    _of_the_service(commands)
    return parser


def _of_the_service(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    serve = commands.add_parser("serve", help="the API, asked by many at once")
    _common(serve, (1,), names=None)
    serve.add_argument("--size", type=int, default=serving.AVAILABILITIES, metavar="AVAILABILITIES")
    serve.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES)
    serve.add_argument("--clients", type=int, default=serving.CLIENTS, metavar="N")
    serve.add_argument("--seconds", type=float, default=serving.SECONDS, metavar="S")
    serve.set_defaults(run=_serve)

    weeks = commands.add_parser("week", help="the agenda of a week, answered and drawn")
    _common(weeks, (1,), names=None)
    weeks.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES)
    weeks.add_argument("--asked", type=int, default=week.ASKED, metavar="N")
    weeks.set_defaults(run=_week)

    billed = commands.add_parser("billing", help="a month of performances, billed")
    _common(billed, (1,), names=None)
    billed.add_argument(
        "--sizes", type=int, nargs="+", default=billing.SIZES, metavar="PERFORMANCES"
    )
    billed.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES)
    billed.set_defaults(run=_billing)

    mails = commands.add_parser("mail", help="reminders that are due at one minute")
    _common(mails, (1,), names=None)
    mails.add_argument("--databases", nargs="+", choices=DATABASES, default=("postgresql",))
    mails.add_argument("--reminders", type=int, default=mail.REMINDERS, metavar="N")
    mails.set_defaults(run=_mail)


def _common(
    parser: argparse.ArgumentParser, seeds: Sequence[int], names: Sequence[str] | None
) -> None:
    """What all subcommands take; no instances where there are no names."""
    if names is not None:
        text = "names as above, or files"
        parser.add_argument("names", nargs="*", default=names, metavar="INSTANCE", help=text)
    parser.add_argument("--seeds", type=int, nargs="+", default=seeds, metavar="SEED")
    # may stand before the subcommand too, whose default must not undo it
    parser.add_argument("--output", type=Path, default=argparse.SUPPRESS, metavar="FOLDER")


def _spreekuur(asked: argparse.Namespace, given: list[str]) -> None:
    chosen = expanded(asked.names, asked.seeds)
    solving.benchmark(chosen, asked.seconds, Record("spreekuur", asked.output, given))


def _peers(asked: argparse.Namespace, given: list[str]) -> None:
    chosen = expanded(asked.names, asked.seeds)
    against.benchmark(chosen, asked.peers, asked.seconds, Record("peers", asked.output, given))


def _growth(asked: argparse.Namespace, given: list[str]) -> None:
    record = Record("growth", asked.output, given)
    growth.benchmark(asked.sizes, asked.load, asked.seeds, asked.seconds, record)


def _night(asked: argparse.Namespace, given: list[str]) -> None:
    chosen = expanded(asked.names, asked.seeds)
    record = Record("night", asked.output, given)
    night.benchmark(chosen, asked.databases, asked.seconds, record)


def _spread(asked: argparse.Namespace, given: list[str]) -> None:
    chosen = expanded(asked.names, asked.seeds)
    record = Record("spread", asked.output, given)
    spread.benchmark(chosen, asked.workers, asked.iterations, record)


def _options(asked: argparse.Namespace, given: list[str]) -> None:
    options.benchmark(asked.sizes, asked.databases, Record("options", asked.output, given))


def _week(asked: argparse.Namespace, given: list[str]) -> None:
    week.benchmark(asked.databases, asked.asked, Record("week", asked.output, given))


def _mail(asked: argparse.Namespace, given: list[str]) -> None:
    mail.benchmark(tuple(asked.databases), asked.reminders, Record("mail", asked.output, given))


def _billing(asked: argparse.Namespace, given: list[str]) -> None:
    billing.benchmark(asked.sizes, asked.databases, Record("billing", asked.output, given))


def _serve(asked: argparse.Namespace, given: list[str]) -> None:
    record = Record("serve", asked.output, given)
    serving.benchmark(asked.size, asked.databases, asked.clients, asked.seconds, record)


def _curve(asked: argparse.Namespace, given: list[str]) -> None:
    chosen = expanded(asked.names, asked.seeds)
    curve.benchmark(chosen, asked.seconds, Record("curve", asked.output, given))


if __name__ == "__main__":
    main()
