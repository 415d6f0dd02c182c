"""Which IP addresses are those of the public internet, by IANA's lists and not by those of the Python at hand."""

import ipaddress

_SPECIAL = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
    "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
)  # fmt: skip
"""IANA's special-purpose registries of IPv4 and IPv6 as of 2025, with multicast.

Taken whole: the few blocks of them that are reachable from everywhere (anycast of protocols) hold no photographs.
"""

_CLOUDS = (
    "168.63.129.16/32",  # Azure: the host's agent, DNS and health
    "192.80.8.124/32",  # Equinix Metal: instance metadata
)
"""Services that clouds answer at public addresses; 169.254.169.254 and the others are special already."""

_GLOBAL_IPV6 = ipaddress.IPv6Network("2000::/3")
"""The only IPv6 that is given out for the internet; addresses that carry an IPv4 address in them lie beyond it."""

_REFUSED = tuple(ipaddress.ip_network(block) for block in (*_SPECIAL, *_CLOUDS))


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet, and of none of the clouds' metadata services.

    An IPv6 address that carries an IPv4 address in it (mapped, compatible, NAT64, 6to4, Teredo) is not: it may lead to
    any.
    """
    given = ipaddress.ip_address(address.split("%", maxsplit=1)[0])
    if isinstance(given, ipaddress.IPv6Address) and given not in _GLOBAL_IPV6:
        return False
    return not any(given in block for block in _REFUSED)
