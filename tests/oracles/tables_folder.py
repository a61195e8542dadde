"""Owns a small feeder's folder, written with changes."""

FILES = {
    "branches.csv": "from_bus,to_bus,r_ohm,x_ohm,ampacity_a,length_m,kind\n"
    "S,A,0.1,0.5,400,,breaker\n"
    "A,B,0.2,0.6,,20,line\n"
    "A,C,0.3,0.7,200,30,\n",
    "buses.csv": "bus,p_kw,q_kvar,customers,x,y\n"
    "S,0,0,,0,0\nA,10,1,1,1,0\nB,20,2,2,2,1\nC,30,-3,3,2,-1\n",
    "feeder.toml": 'name = "small"\nbase_kv = 10\nslack_bus = "S"\n',
}


def write(folder, changes=()):
    """Write the small feeder with some files changed; a file of None is left out."""
    for name, text in (FILES | dict(changes)).items():
        if text is not None:
            data = text if isinstance(text, bytes) else text.encode()
            (folder / name).write_bytes(data)
    return folder


def edit(name, old, new):
    assert old in FILES[name]
    return {name: FILES[name].replace(old, new)}
