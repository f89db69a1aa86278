"""Faces: images in and out, detection, alignment, and a parametric head that renders faces with known truth.

Modules, from the outside in: `images`, `detection`, `alignment`; `renderer` with its parts `rig` (the mesh
and its targets), `identity` (who), `expressions` (action units), `scene` (pose, light, occluder, camera),
`props` (hair, glasses, mask, hand), `appearance` (colours), `shading` (light) and `raster` (z-buffer).
"""
