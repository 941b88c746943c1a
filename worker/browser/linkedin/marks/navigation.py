"""The navigation bar, which only signed-in members see, and the marks of the two front ends."""

from datetime import date

from worker.browser.marks import Form, Mark

SITE = "linkedin"

NAVIGATION = Mark(
    SITE,
    "navigation.bar",
    (
        Form("sdui-2026-05", "header [data-testid=primary-nav]", "saved pages", date(2026, 5, 22)),
        Form("ember-2026-06", "header#global-nav, nav.global-nav__nav", "saved pages", date(2026, 5, 18)),
        Form("sdui-key", "nav[componentkey=primaryNavLinksComponentRef]", "saved pages", date(2026, 3, 31)),
        Form(
            "links",
            "header nav a[href*='/messaging'], nav a[href*='/mynetwork']",
            "inference: what every bar links to",
            date(2025, 11, 17),
        ),
    ),
)  # fmt: skip

SDUI = "body[data-rehydrated], main#workspace, [data-sdui-screen], #interop-outlet, [componentkey]"
EMBER = "body.ember-application, body.render-mode-BIGPIPE, header#global-nav, .ember-view"
