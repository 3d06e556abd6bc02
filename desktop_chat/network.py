"""What the system says of the network, handed on to who asks before sending."""

from PySide6.QtCore import QObject
from PySide6.QtNetwork import QNetworkInformation

from desktop_chat.connectivity import Connectivity

Reachability = QNetworkInformation.Reachability
_ONLINE = {Reachability.Online: True, Reachability.Disconnected: False}
"""A network that may only be a local one says nothing of servers elsewhere."""


class Network(QObject):
    """Keeps ``connectivity`` up to date, where the system can tell."""

    def __init__(self, connectivity: Connectivity) -> None:
        super().__init__()
        self._connectivity = connectivity
        if QNetworkInformation.loadBackendByFeatures(QNetworkInformation.Feature.Reachability):
            information = QNetworkInformation.instance()
            information.reachabilityChanged.connect(self._changed)
            self._changed(information.reachability())

    def _changed(self, reachability: Reachability) -> None:
        self._connectivity.set_online(_ONLINE.get(reachability))
