"""What is typed on the pages about paying."""

from django import forms
from django.utils.translation import gettext_lazy as _

# Stripe's names of the kinds that our merchants' countries have.
TAX_ID_KINDS = [
    ("", _("Choose a kind")),
    ("cn_tin", _("China: unified social credit code")),
    ("us_ein", _("United States: EIN")),
    ("eu_vat", _("European Union: VAT number")),
    ("gb_vat", _("United Kingdom: VAT number")),
    ("hk_br", _("Hong Kong: business registration")),
    ("tw_vat", _("Taiwan: unified business number")),
    ("sg_gst", _("Singapore: GST number")),
    ("my_sst", _("Malaysia: SST number")),
    ("jp_trn", _("Japan: registration number")),
    ("kr_brn", _("South Korea: business registration number")),
    ("th_vat", _("Thailand: VAT number")),
    ("au_abn", _("Australia: ABN")),
    ("ca_bn", _("Canada: business number")),
]


class TaxIdForm(forms.Form):
    """The tax number that invoices show; left empty, they show none."""

    kind = forms.ChoiceField(label=_("Kind"), choices=TAX_ID_KINDS, required=False)
    value = forms.CharField(
        label=_("Tax number"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("Invoices show it from the next one on. Leave it empty to take it off."),
    )
