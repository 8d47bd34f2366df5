"""Attribution by rules: each touch's weight within its path, as SQL over a table of touches.

A weight is ``numerator / denominator``, whole numbers, with one denominator for all touches of a path, so that weights of a path add up to
one exactly and equal weights are equal. Models that look at more than channels and positions need more columns on the touches (``NEEDS``).
"""

from __future__ import annotations

from collections.abc import Sequence

NEEDS = {
    "w_shaped": ("is_lead_creation", "is_opportunity_creation"),
    "full_path": ("is_lead_creation", "is_opportunity_creation"),
    "time_decay": ("touched_at",),
}
"""Columns that a model needs beside those of every table of touches: milestones (boolean, each on at most one touch of a path), times."""

HALF_LIFE_DAYS = 7.0

_PLACED = """
    select *, row_number() over (partition by path_id order by position) as place, count(*) over (partition by path_id) as length
    from {touches}
"""
# What each model takes from the touches in their places; {name}: the model's name.
_SIMPLE = "select *, '{name}' as model, cast({numerator} as bigint) as numerator, cast({denominator} as bigint) as denominator from placed"
_LAST_NON_DIRECT = "max(case when lower(channel) <> 'direct' then place end) over (partition by path_id)"
_FREQUENCIES = {
    "first": ("place = 1", "1"),
    "last": ("place = length", "1"),
    "last_non_direct": (f"place = coalesce({_LAST_NON_DIRECT}, length)", "1"),
    "linear": ("1", "length"),
    # Two fifths each for the ends, one fifth for all between: of 5 (n - 2) parts 2 (n - 2) each, and one for each between.
    "u_shaped": (
        "case when length <= 2 then 1 when place in (1, length) then 2 * (length - 2) else 1 end",
        "case when length <= 2 then length else 5 * (length - 2) end",
    ),
}
# ``marks`` counts the milestones that fall on a touch: each is worth ``milestone`` parts, and ``rest`` parts are spread over the touches
# without any. Where there are none of those, or a milestone is on no touch, the parts that there are make up the whole.
_MILESTONES = """
    select * exclude (marks, marked, others), '{name}' as model,
        cast(case when marks > 0 then {milestone} * marks * greatest(others, 1) else {rest} end as bigint) as numerator,
        cast(({milestone} * marked + case when others > 0 then {rest} else 0 end) * greatest(others, 1) as bigint) as denominator
    from (
        select *, sum(marks) over (partition by path_id) as marked,
            count(*) filter (marks = 0) over (partition by path_id) as others
        from (select *, {marks} as marks from placed)
    )
"""
_CREATIONS = """
    cast(place = 1 as integer) + cast(coalesce(is_lead_creation, false) as integer)
    + cast(coalesce(is_opportunity_creation, false) as integer)
"""
# Half-lives back from the path's last touch, not from the conversion: the weights are the same, and none is too small to be told.
# What has been given away so far is rounded, not each weight: so the weights add up to one.
_TIME_DECAY = """
    select * exclude (decay, given), '{name}' as model,
        given - lag(given, 1, 0) over (partition by path_id order by place) as numerator, 1_000_000_000_000 as denominator
    from (
        select *, cast(round(1e12 * sum(decay) over (partition by path_id order by place)
            / sum(decay) over (partition by path_id)) as bigint) as given
        from (
            select *, power(2, -(epoch(max(touched_at) over (partition by path_id)) - epoch(touched_at)) / 86400 / {half_life})
                as decay
            from placed
        )
    )
"""
RULES = (*_FREQUENCIES, *NEEDS)


def weights(models: Sequence[str], touches: str = "touches", *, half_life_days: float = HALF_LIFE_DAYS) -> str:
    """SQL for the weight of each touch under each of the models.

    ``touches`` names a table of touches with the columns of ``paths``, and those of ``NEEDS``. The rows are its rows, for each model that
    gives them a weight, with ``model``, ``place`` (1 to ``length``), ``numerator`` and ``denominator``.
    """
    selects = [f"select * from ({_select(model, half_life_days)}) where numerator > 0" for model in models]
    return f"with placed as materialized ({_PLACED.format(touches=touches)}) {' union all by name '.join(selects)}"


def _select(model: str, half_life_days: float) -> str:
    if model in _FREQUENCIES:
        numerator, denominator = _FREQUENCIES[model]
        return _SIMPLE.format(name=model, numerator=numerator, denominator=denominator)
    if model == "w_shaped":
        return _MILESTONES.format(name=model, marks=_CREATIONS, milestone=3, rest=1)
    if model == "full_path":
        return _MILESTONES.format(name=model, marks=f"{_CREATIONS} + cast(place = length as integer)", milestone=9, rest=4)
    return _TIME_DECAY.format(name=model, half_life=float(half_life_days))


def by_channel(weighted: str) -> str:
    """SQL that sums what ``weights`` gives by ``model``, ``channel`` and ``denominator``, exactly.

    ``conversions`` and ``value`` are to be divided by the denominator: only then, and once, is anything rounded.
    """
    return f"""
        select model, channel, denominator, sum(conversions * numerator) as conversions, sum(value * numerator) as value
        from ({weighted}) group by all
    """


def by_touch(weighted: str, *, places: int = 2) -> str:
    """SQL that divides each path's ``value`` over its touches in whole units, of the currency's ``places`` after the point.

    What is given adds up to the path's value: odd units go to the largest remainders, and among equals by channel, so that it does not
    depend on the order of touches who gets them; the credits of a refund are those of its sale with the other sign. A value with smaller
    units than ``places`` is an error. Rows: those of ``weights`` with ``credit``.
    """
    scale = 10**places
    return f"""
        select * exclude (units, whole, remainder, odd, turn),
            cast(sign(value) * cast(whole + cast(turn <= odd as integer) as decimal(38, 0)) / {scale} as decimal(38, {places})) as credit
        from (
            select *, units - sum(whole) over (partition by model, path_id) as odd,
                row_number() over (partition by model, path_id order by remainder desc, channel, place) as turn
            from (
                select *, units * numerator // denominator as whole, units * numerator % denominator as remainder
                from (
                    select *, case when value * {scale} = trunc(value * {scale}) then cast(abs(value) * {scale} as hugeint)
                        else error('The value ' || value || ' of path ' || path_id || ' has more than {places} decimals.') end as units
                    from ({weighted})
                )
            )
        )
    """
