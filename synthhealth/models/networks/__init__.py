"""How the networks of CTGAN, CopulaGAN and TVAE are trained.

The mathematics is that of the package ctgan, whose networks and defaults they are; it is written in
fewer and larger operations. The way of a table: `modes` finds the modes of a number, `table` codes
the columns as outputs of a network and reads them back, `spans` works on all columns' outputs at
once, `critic` and `adam` are the gradient and the step, `gan` and `vae` are the steps of a
training, and `trained` goes through them.
"""
