"""The editor of one endpoint, in sections."""

from desktop_chat.ui.preferences.endpoint.editor import EndpointEditor

__all__ = ["EndpointEditor"]
