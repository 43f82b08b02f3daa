"""One colour per route.

The palette maximises the smallest distance between any two colours (Oklab) as seen with normal, deuteranopic and
protanopic vision (Machado et al. 2009), each colour being added where it is farthest from those before; all have a
contrast of at least 3:1 against white, for white numbers on top and for lines on a light ground. No sixteen colours
can be told apart by everyone, so the picture never relies on them alone: hover, numbers and the legend name the route.
"""

PALETTE = (
    "#0069b4", "#e1780f", "#780000", "#3c1e78", "#1ea5a5", "#8787ff", "#875a00", "#873c69",
    "#b45a69", "#5a2d4b", "#0f3ca5", "#5a87c3", "#f06978", "#6969e1", "#b4692d", "#961e2d",
)  # fmt: skip


def colour(route: int) -> str:
    """Return the colour of a route, by its number in the plan."""
    return PALETTE[route % len(PALETTE)]


def dash(route: int) -> tuple[int, ...]:
    """Return the dashes (on, off, ... in pixels) that tell apart routes which share a colour; () is a solid line."""
    return ((), (10, 4), (4, 4), (12, 4, 3, 4))[route // len(PALETTE) % 4]
