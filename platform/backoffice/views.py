"""allauth's sign-in where it has to know that this is the back office."""

from allauth.account.views import LoginView
from django.urls import reverse


class SignInView(LoginView):  # type: ignore[misc]
    """Leads to the overview, where the settings of the shops' consoles would lead to a console."""

    template_name = "backoffice/account/form.html"
    extra_context = {"page": "sign_in"}

    def get_default_success_url(self) -> str:
        """Where to go without `next`."""
        return reverse("admin:index")

    get_authenticated_redirect_url = get_default_success_url
