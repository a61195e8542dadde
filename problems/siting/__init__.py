"""Siting of EV charging stations and capacitor banks by net present value."""
