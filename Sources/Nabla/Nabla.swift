@_exported import NablaAutodiff
@_exported import NablaData
@_exported import NablaLinalg
@_exported import NablaOptimizers
@_exported import NablaPlan
@_exported import NablaTensor
