"""The demo: an occupational health service that does not exist, believable and reproducible."""

from scheduler.demo.world import DemoWorld, demo_world

__all__ = ["DemoWorld", "demo_world"]
