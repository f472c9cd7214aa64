"""What the page may ask: each question has a function here or in a file of its subject.

All are stateless but `step` and `train`, whose networks learn, one for each tab of the browser;
none changes a network that others see.
"""

from functools import lru_cache, partial

from tinyfer.data.drawn import draw_face
from tinyfer.explain.regions import EYES, MOUTH
from tinyfer.explain.saliency import saliency
from tinyfer.page import faces, nudge, strips
from tinyfer.page.message import Question, Refusal, pack
from tinyfer.page.networks import Networks
from tinyfer.page.step import Practice
from tinyfer.page.training import Training
from tinyfer.page.worker import Worker
from tinyfer.photo.reading import unsure

# Rows and columns of the eyes and the mouth: [top, bottom, left, right], the last excluded.
REGIONS = {source: {name: [each for part in places[source] for each in (part.start, part.stop)]
                    for name, places in (("eyes", EYES), ("mouth", MOUTH))} for source in EYES}
MAPS = "gradient", "integrated", "occlusion"
TABS = 6        # remembered; a network with its gradients and moments takes some 22 MB
PIECE = 8       # inputs of a saliency map that are taken at a time; between, quick questions


class Questions:
    """ask(name, question) -> the answer as bytes; a Refusal where there is none."""

    def __init__(self, networks=()):
        self.networks = Networks(networks)
        self.worker = Worker()
        self.worker.start()
        practice, training = of_tab(partial(Practice, self.networks)), of_tab(Training)
        # name: (function, whether its answer is quick)
        self.known = {
            "start": (self.start, True),
            "network": (self.network, True),
            "draw": (faces.draw, True),
            "cut": (faces.cut, True),
            "find": (faces.find, True),
            "answer": (self.answer, True),
            "map": (self.map, False),
            "strips": (partial(strips.strips, self.networks), False),
            "unit": (partial(strips.unit, self.networks), False),
            "nudge": (partial(nudge.nudge, self.networks), False),
            "steepest": (partial(nudge.steepest, self.networks), False),
            "step": (lambda question: practice(question).step(question), False),
            "train": (lambda question: training(question).train(question), False),
        }

    def ask(self, name, question):
        if name not in self.known:
            raise Refusal(404, "there is no such question")
        function, quick = self.known[name]
        question.pause = self.worker.pause
        try:
            return self.worker.ask(lambda: function(question), quick)
        except (ValueError, TypeError, LookupError, OSError) as error:
            raise Refusal(400, str(error)) from None

    def warm_up(self, name=None):
        """Have all kernels loaded, and compiled where they are not yet, so that nobody waits."""
        name, face = name or self.networks.names[0], draw_face("happy")
        model = self.networks[name].model
        label, parameter = model.class_names[0], model.parameters()[0].name
        for question, fields in {
            "answer": {}, "map": dict(method="gradient", target=label),
            "unit": dict(layer=0, i=0, j=0, k=0, target=label),
            "nudge": dict(parameter=parameter, index=0, label=label, trained=True, curve=False),
            "step": dict(label=label, rate=1e-4, steps=1, reset=True, tab=0),
            "train": dict(rate=1e-4, steps=1, reset=True, tab=0),
        }.items():
            self.ask(question, Question(pack(dict(network=name) | fields, face)))

    def start(self, question):
        """What there is to choose from."""
        return pack(dict(networks=self.networks.names, methods=MAPS, regions=REGIONS, learns=True,
                         **faces.describe()))

    def network(self, question):
        """The classes of a network, the parameters one can choose from, and what it has learnt of.
        """
        name, model = question["network"], self.networks.of(question).model
        return pack(dict(
            classes=model.class_names, learnt_from=self.networks.learnt_from(name),
            parameters=[dict(name=p.name, shape=p.value.shape) for p in model.parameters()]))

    def answer(self, question):
        """The probability of each class, and whether that is too little to name one."""
        model = self.networks.of(question).model
        p = model.predict_proba(question.face())
        return pack(dict(classes=model.class_names, probabilities=p.tolist(),
                         unsure=bool(unsure(p))))

    def map(self, question):
        """A saliency map with its signs: (48, 48) float32."""
        model = self.networks.of(question).model
        found = saliency(
            model, question.face()[None], question["target"], question["method"], signed=True,
            batch_size=PIECE,
            progress=lambda done, total: question.pause())
        return pack({}, found[0].astype("float32"))


def of_tab(make):
    """function(question) -> the object of the browser's tab that asks, from make() at its first
    question. Of many tabs those that asked last are remembered."""
    kept = lru_cache(TABS)(lambda tab: make())
    return lambda question: kept(question["tab"])
