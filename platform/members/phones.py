"""Phone numbers: from what people type to E.164, and from E.164 to what screens may show."""

import unicodedata

import phonenumbers
from django.utils.translation import gettext as _
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from members.errors import InvalidPhone

MAX_TYPED = 40
_MAX_PASTED = 4 * MAX_TYPED  # with invisible marks; some characters become eighteen by NFKC, so this is asked first
_REACHES_A_PERSON = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}


def normalize_phone(raw: str, region: str) -> str:
    """Return the E.164 form of a typed mobile number; `region` (ISO 3166, "CN") is where it is dialled from.

    Accepts spaces, hyphens, brackets, full-width digits, invisible marks of a paste from contacts, and the country code
    with `+`, `00` or nothing before it. One person has one form, so that a number joins once however it is typed.

    Raises `InvalidPhone` for anything else: too short, too long, letters, a landline, an extension.
    """
    if len(raw) > _MAX_PASTED:
        raise InvalidPhone(_message(), field=["phone"])
    text = "".join(
        character for character in unicodedata.normalize("NFKC", raw) if unicodedata.category(character) != "Cf"
    )
    try:
        if len(text) > MAX_TYPED or any(mark.isalpha() for mark in text):
            raise InvalidPhone(_message(), field=["phone"])
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        raise InvalidPhone(_message(), field=["phone"]) from error
    is_ours = (
        number.extension is None
        and phonenumbers.is_valid_number(number)
        and phonenumbers.number_type(number) in _REACHES_A_PERSON
    )
    if not is_ours:
        raise InvalidPhone(_message(), field=["phone"])
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def mask_phone(phone: str) -> str:
    """Return an E.164 number as screens and logs may show it: `+8613812348000` becomes `138****8000`."""
    national = str(phonenumbers.parse(phone).national_number)
    return f"{national[:3]}****{national[-4:]}" if len(national) >= 9 else f"****{national[-2:]}"


def _message() -> str:
    return _("This is not a mobile number. Check the digits and try again.")
