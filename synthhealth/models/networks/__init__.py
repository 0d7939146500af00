"""How the networks of CTGAN, CopulaGAN and TVAE are trained, and that of the diffusion.

`course` goes through the steps of a training, `keeping` keeps the best state, and `adam` is a step.

The mathematics of the first three is that of the package ctgan, whose networks and defaults they
are; it is written in fewer and larger operations. The way of a table: `modes` finds the modes of a
number, `table` codes the columns as outputs of a network and reads them back, `spans` works on all
columns' outputs at once, `critic` is the gradient, `gan` and `vae` are the steps of a training, and
`trained` goes through them. Of the diffusion, `denoiser` is the network with its closed form,
`denoising` how it learns, and `diffusion` how it draws.
"""
