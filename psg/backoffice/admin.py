"""Staff accounts, and old addresses."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as StockUserAdmin
from django.core.validators import URLValidator
from django.http import HttpRequest

from psg.accounts import vouch_for_address
from psg.models import User
from psg.publishing import redirects
from psg.publishing.models import Redirect


class NewUserForm(forms.ModelForm):
    """A new account has no password: its owner signs in with a mailed code, and may set one."""

    class Meta:
        model = User
        fields = ["email", "name", "is_staff", "groups"]

    def save(self, commit: bool = True) -> User:
        user = super().save(commit=False)
        user.set_unusable_password()
        if commit:
            user.save()
            self.save_m2m()
        return user


class RedirectForm(forms.ModelForm):
    """Says beside the field what is wrong with an address; the rules are those of `psg.publishing.redirects`."""

    class Meta:
        model = Redirect
        fields = ["old_path", "new_path"]

    def clean_old_path(self) -> str:
        return redirects.normalised(self.cleaned_data["old_path"])

    def clean_new_path(self) -> str:
        new = self.cleaned_data["new_path"].strip()
        if not new.startswith("/") or new.startswith("//"):
            URLValidator(schemes=["http", "https"], message="Write /a/path/ or a full address, https://…")(new)
        return new

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        old, new = cleaned.get("old_path"), cleaned.get("new_path")
        if old and new and redirects.final_target(new) == old:
            self.add_error("new_path", redirects.RedirectLoop(old))
        return cleaned


@admin.register(Redirect)
class RedirectAdmin(admin.ModelAdmin):
    """Old addresses: those that moves left behind, and staff's own."""

    form = RedirectForm
    list_display = ["old_path", "new_path", "hits", "last_hit_at", "is_automatic"]
    list_filter = ["is_automatic"]
    search_fields = ["old_path", "new_path"]
    readonly_fields = ["hits", "last_hit_at", "is_automatic"]

    def get_fields(self, request: HttpRequest, obj: Redirect | None = None) -> Any:
        """A new one has nothing to tell yet."""
        return ["old_path", "new_path", *(self.readonly_fields if obj else [])]

    def save_model(self, request: HttpRequest, obj: Redirect, form, change: bool) -> None:
        """As a move would: chains are flattened."""
        if change:
            Redirect.objects.filter(pk=obj.pk).exclude(old_path=obj.old_path).delete()
        obj.pk = redirects.add(obj.old_path, obj.new_path, by=request.user).pk


@admin.register(User)
class UserAdmin(StockUserAdmin):
    """People who can sign in, and what they may do."""

    add_form = NewUserForm
    list_display = ["email", "name", "is_staff", "is_active", "last_login"]
    list_filter = ["is_staff", "is_active", "groups"]
    search_fields = ["email", "name"]
    ordering = ["email"]
    readonly_fields = ["last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["email", "name", "password"]}),
        ("Roles", {"fields": ["is_active", "is_staff", "groups"]}),
        ("Everything and more", {"fields": ["is_superuser", "user_permissions"], "classes": ["collapse"]}),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (
            None,
            {
                "fields": ["email", "name", "is_staff", "groups"],
                "description": "They sign in with a code that is mailed to them; no password needs to be passed on.",
            },
        )
    ]

    def save_model(self, request: HttpRequest, obj: User, form, change: bool) -> None:
        """The address of the account is verified by whoever enters it."""
        super().save_model(request, obj, form, change)
        vouch_for_address(obj)
