"""Static files: hashed names once `collectstatic` has run, plain names before (tests, a bare `runserver`)."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """WhiteNoise's storage that does not insist on a manifest.

    A missing file costs its page a style, not the page: a name that the manifest lacks stays as it is.
    """

    manifest_strict = False

    def stored_name(self, name: str) -> str:
        """The name with its hash, or `name` itself where nothing was collected."""
        cleaned = self.clean_name(name)
        return str(self.hashed_files.get(self.hash_key(cleaned), cleaned))
