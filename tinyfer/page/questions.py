"""What the page may ask: each question has a function here or in a file of its subject.

All are stateless but `step` and `train`, whose networks learn, one for each tab of the browser;
none changes a network that others see.
"""

from functools import partial

from tinyfer.data.drawn import draw_face
from tinyfer.explain.regions import EYES, MOUTH
from tinyfer.explain.saliency import METHODS, saliency
from tinyfer.page import faces, nudge, strips
from tinyfer.page.message import Question, Refusal, pack
from tinyfer.page.networks import Networks
from tinyfer.page.step import Practice
from tinyfer.page.tabs import Tabs
from tinyfer.page.training import Training
from tinyfer.page.worker import Worker
from tinyfer.photo.reading import unsure
from tinyfer.photo.watching import Follower

# Rows and columns of the eyes and the mouth: [top, bottom, left, right], the last excluded.
REGIONS = {source: {name: [each for part in places[source] for each in (part.start, part.stop)]
                    for name, places in (("eyes", EYES), ("mouth", MOUTH))} for source in EYES}
PIECE = 8       # inputs of a saliency map that are taken at a time; between, quick questions


class Questions:
    """ask(name, question) -> the answer as bytes; a Refusal (or Gone) where there is none."""

    def __init__(self, networks=()):
        self.networks = Networks(networks)
        self.worker = Worker()
        self.worker.start()
        practices, trainings = Tabs(partial(Practice, self.networks)), Tabs(Training)
        followers = Tabs(Follower)
        # name: (function, whether its answer is quick)
        self.known = {
            "start": (self.start, True),
            "network": (self.network, True),
            "draw": (faces.draw, True),
            "cut": (faces.cut, True),
            "find": (faces.find, True),
            "follow": (lambda question: faces.follow(followers.of(question), question), True),
            "answer": (self.answer, True),
            "map": (self.map, False),
            "strips": (partial(strips.strips, self.networks), False),
            "unit": (partial(strips.unit, self.networks), False),
            "nudge": (partial(nudge.nudge, self.networks), False),
            "steepest": (partial(nudge.steepest, self.networks), False),
            "step": (lambda question: practices.of(question).step(question), False),
            "train": (lambda question: trainings.of(question).train(question), False),
        }

    def ask(self, name, question):
        if name not in self.known:
            raise Refusal(404, "there is no such question")
        function, quick = self.known[name]
        question.pause = partial(self.worker.pause, question.gone)
        try:
            return self.worker.ask(lambda: function(question), question.gone, quick)
        except (ValueError, OSError) as error:      # the package's own sentence
            raise Refusal(400, str(error)) from None

    def warm_up(self, name=None):
        """Have all kernels loaded, and compiled where they are not yet, so that nobody waits."""
        name, face = name or self.networks.names[0], draw_face("happy")
        model = self.networks[name].model
        label, parameter = model.class_names[0], model.parameters()[0].name
        for question, fields in {
            "answer": {}, "map": dict(method="gradient", target=label),
            "unit": dict(training=True, mask=0, layer=0, i=0, j=0, k=0, target=label),
            "nudge": dict(parameter=parameter, index=0, label=label, trained=True, curve=False),
            "step": dict(label=label, rate=1e-4, steps=1, reset=True, tab=0),
            "train": dict(architecture="small", rate=1e-4, steps=1, reset=True, tab=0),
        }.items():
            self.ask(question, Question(pack(dict(network=name) | fields, face)))

    def start(self, question):
        """What there is to choose from."""
        return pack(dict(networks=self.networks.names, methods=list(METHODS),
                         regions=REGIONS, learns=True, **faces.describe()))

    def network(self, question):
        """The classes of a network, what it has learnt, and what of."""
        name = question.choice("network", self.networks.names)
        return pack(nudge.describe(self.networks[name])
                    | dict(learnt_from=self.networks.learnt_from(name)))

    def answer(self, question):
        """The probability of each class, and whether that is too little to name one."""
        network = self.networks.of(question)
        p = network.probabilities(question.face()[None])[0]
        return pack(dict(classes=network.model.class_names, probabilities=p.tolist(),
                         unsure=bool(unsure(p))))

    def map(self, question):
        """A saliency map with its signs: (48, 48) float32."""
        network = self.networks.of(question)
        names = network.model.class_names
        target = names.index(question.choice("target", names))
        found = saliency(
            network.model, question.face()[None], target, question.choice("method", METHODS),
            signed=True, batch_size=PIECE, progress=lambda done, total: question.pause())
        return pack({}, found[0].astype("float32"))
