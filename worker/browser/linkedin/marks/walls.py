"""What stands where the site doesn't let an account in, or wants it to slow down.

The ids, names and classes were reported by several projects that met these pages; we have seen none of them.
"""

from typing import Final

SIGN_IN_SEGMENTS: Final = frozenset({"login", "uas", "authwall", "signup", "reg"})
CHALLENGE_SEGMENTS: Final = frozenset({"checkpoint", "challenge"})
SIGN_IN_BELOW_CHECKPOINT: Final = frozenset({"lg", "rm", "rp"})
"""`/checkpoint/lg/login` is the sign-in form, not a challenge."""
RESTRICTION: Final = ("login", "login-restriction")

SIGN_IN: Final = ", ".join(
    (
        "[class*='authwall-join-form']",
        "[class*='authwall-sign-in-form']",
        "form.join-form",
        "form.login__form",
        "[data-tracking-control-name*='auth_wall']",
        "[data-id='sign-in-form']",
        "input[name='session_key']",
        "input[name='session_password']",
        "input[type='password']",
        "#rememberme-div",
    )
)
"""Forms that ask to sign in, also in place of a page under its own address, and the chooser of accounts."""

CHALLENGE: Final = ", ".join(
    (
        "#input__email_verification_pin",
        "#email-pin-submit-button",
        "[id*='input__phone_verification_pin']",
        "#auth-app-div",
        "[id*='captchaV2Challenge']",
        "[id*='d_checkpoint_ch_linkedInAppChallenge']",
        "form[action*='/checkpoint/challenge']",
    )
)

WEEKLY_LIMIT: Final = ".ip-fuse-limit-alert, [class*='ip-fuse-limit-alert__warning']"

HEADINGS: Final = "h1, h2, [role=heading]"
DIALOG_HEADINGS: Final = "dialog[open] h2, [role=dialog] h2, [role=alertdialog] h2, [role=alert] p"
