"""The HGAPSO paper: EV charging stations and capacitors by NPV on five feeders."""
