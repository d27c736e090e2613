"""A table of three airports and twelve months: small, so that many jobs can be tried on it."""

import itertools

AIRPORTS = ("EWR", "JFK", "LGA")


def flights_csv() -> bytes:
    """36 rows; EWR has the longest delays and the most flights."""
    rows = ["date,airport,flights,departure_delay,temperature"]
    for month, (place, airport) in itertools.product(range(1, 13), enumerate(AIRPORTS)):
        rows.append(
            f"2013-{month:02}-01,{airport},{300 - 10 * place + month},{15.25 - place + month % 3},{30 + 4 * month}"
        )
    return "\n".join(rows).encode()
