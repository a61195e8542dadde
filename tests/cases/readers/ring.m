function mpc = ring
% A made-up ring of six buses behind a transformer with a tap, for the tests of the reader.
mpc.version = '2';
mpc.baseMVA = 10;
%	bus	type	Pd	Qd	Gs	Bs	area	Vm	Va	baseKV	zone	Vmax	Vmin
mpc.bus = [
	1	3	0	0	0	0	1	1	0	66	1	1.1	0.9;
	10	1	0	0	0	0	1	1	0	11	1	1.1	0.9;
	20	1	0.8	0.4	0	0	1	1	0	11	1	1.1	0.9;
	30	1	0.6	0.3	0.01	0.3	1	1	0	11	1	1.1	0.9;
	40	1	0.5	0.2	0	0	1	1	0	11	1	1.1	0.9;
	50	2	0.4	0.2	0	0	1	1	0	11	1	1.1	0.9;
	60	4	0.9	0.9	0	0	1	1	0	11	1	1.1	0.9;
];
%	bus	Pg	Qg	Qmax	Qmin	Vg	mBase	status	Pmax	Pmin
mpc.gen = [
	1	0	0	10	-10	1.02	10	1	10	0;
	50	0.15	0.05	1	-1	1	10	1	1	0;
	40	0.15	0.05	1	-1	1	10	0	1	0;
];
%	fbus	tbus	r	x	b	rateA	rateB	rateC	ratio	angle	status
mpc.branch = [
	1	10	0.005	0.08	0	10	0	0	0.975	0	1;
	10	20	0.02	0.03	0.002	4	0	0	0	0	1;
	20	30	0.03	0.03	0.002	4	0	0	0	0	1;
	10	40	0.02	0.03	0.002	4	0	0	0	0	1;
	40	50	0.03	0.04	0	4	0	0	0	0	1;
	50	30	0.09	0.09	0	4	0	0	0	0	1;
	20	50	0.05	0.05	0	4	0	0	0	0	0;
];
