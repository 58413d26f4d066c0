"""HTTP clients on the CRT, which have no setting for an authority."""

from awscrt import io


def trusting(client, ca_file):
    """`client`, a class, made to trust the certificates of this file."""

    class Trusting(client):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            options = io.TlsContextOptions()
            options.override_default_trust_store_from_path(ca_filepath=ca_file)
            self._tls_ctx = io.ClientTlsContext(options)

        def __deepcopy__(self, _memo):
            return self

    return Trusting
