"""Staff accounts."""

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as StockUserAdmin
from django.http import HttpRequest

from psg.accounts import vouch_for_address
from psg.models import User


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
