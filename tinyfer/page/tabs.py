"""What a tab of the browser has to itself: networks that learn, and the faces of its camera."""

MOST = 6        # tabs remembered; a network with its gradients and moments takes some 22 MB


class Tabs:
    """of(question): the object of the tab that asks, from make() at its first question. Of many
    tabs those that asked last are remembered."""

    def __init__(self, make):
        self._make, self._kept = make, {}

    def of(self, question):
        tab = question.whole("tab", 0, 2**32 - 1)
        found = self._kept.pop(tab, None) or self._make()
        self._kept[tab] = found
        if len(self._kept) > MOST:
            del self._kept[next(iter(self._kept))]
        return found
