"""What is compiled ahead is everything, once, by one process each."""

from energy_pipeline.mathematics import compilation
from energy_pipeline.runner import warming


def test_every_kernel_of_the_package_is_in_one_of_the_modules_handed_out(monkeypatch):
    monkeypatch.setattr(compilation.Kernel, "compiled", property(lambda self: self.function))
    names = [name for module in warming.kernel_modules() for name in warming.warm_module(module)]
    assert len(names) == len(set(names))
    assert sorted(names) == sorted(compilation.warm())
