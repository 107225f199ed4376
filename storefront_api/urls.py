"""Address of the API on a shop's host."""

from django.urls import path

from storefront_api.view import graphql

urlpatterns = [path("graphql/", graphql, name="graphql")]
