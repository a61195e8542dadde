function mpc = kw_as_mw
% A made-up feeder whose loads are in kW where the format wants MW, for the sanity report.
mpc.version = '2';
mpc.baseMVA = 1;
mpc.bus = [
	1	3	0	0	0	0	1	1	0	11	1	1.1	0.9;
	2	1	300	100	0	0	1	1	0	11	1	1.1	0.9;
	3	1	200	80	0	0	1	1	0	11	1	1.1	0.9;
];
mpc.gen = [
	1	0	0	10	-10	1	1	1	10	0;
];
mpc.branch = [
	1	2	0.01	0.02	0	0	0	0	0	0	1;
	2	3	0.01	0.02	0	0	0	0	0	0	1;
];
