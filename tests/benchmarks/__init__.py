"""Measurements, printed as tables; nothing here is asserted by the clock."""
