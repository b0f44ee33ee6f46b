/**
 * The weights that torchvision publishes for the models available here, trained on ImageNet with 1000
 * classes. Taken from the `url`s in torchvision/models/*.py; a name ends with the first digits of the
 * file's SHA-256. Some of EfficientNet's files were stored again under new names in 2023.
 */

/** Files by model name: `IMAGENET1K_V1`, then `IMAGENET1K_V2` if it exists. */
export const TORCHVISION: Readonly<Record<string, readonly string[]>> = {
  resnet18: ["resnet18-f37072fd.pth"],
  resnet34: ["resnet34-b627a593.pth"],
  resnet50: ["resnet50-0676ba61.pth", "resnet50-11ad3fa6.pth"],
  resnet101: ["resnet101-63fe2227.pth", "resnet101-cd907fc2.pth"],
  resnet152: ["resnet152-394f9c45.pth", "resnet152-f82ba261.pth"],
  resnext50_32x4d: ["resnext50_32x4d-7cdf4587.pth", "resnext50_32x4d-1a0047aa.pth"],
  resnext101_32x8d: ["resnext101_32x8d-8ba56ff5.pth", "resnext101_32x8d-110c445d.pth"],
  wide_resnet50_2: ["wide_resnet50_2-95faca4d.pth", "wide_resnet50_2-9ba9bcbe.pth"],
  wide_resnet101_2: ["wide_resnet101_2-32ee1156.pth", "wide_resnet101_2-d733dc28.pth"],
  mobilenet_v2: ["mobilenet_v2-b0353104.pth", "mobilenet_v2-7ebf99e0.pth"],
  mobilenet_v3_small: ["mobilenet_v3_small-047dcff4.pth"],
  mobilenet_v3_large: ["mobilenet_v3_large-8738ca79.pth", "mobilenet_v3_large-5c1a4163.pth"],
  vgg11_bn: ["vgg11_bn-6002323d.pth"],
  vgg13_bn: ["vgg13_bn-abd245e5.pth"],
  vgg16_bn: ["vgg16_bn-6c64b313.pth"],
  vgg19_bn: ["vgg19_bn-c79401a0.pth"],
  efficientnet_b0: ["efficientnet_b0_rwightman-7f5810bc.pth"],
  efficientnet_b1: ["efficientnet_b1_rwightman-bac287d4.pth", "efficientnet_b1-c27df63c.pth"],
  efficientnet_b2: ["efficientnet_b2_rwightman-c35c1473.pth"],
  convnext_tiny: ["convnext_tiny-983f1562.pth"],
  convnext_small: ["convnext_small-0c510722.pth"],
  convnext_base: ["convnext_base-6075fbad.pth"],
  convnext_large: ["convnext_large-ea097f82.pth"],
  densenet121: ["densenet121-a639ec97.pth"],
  densenet161: ["densenet161-8d451a50.pth"],
  densenet169: ["densenet169-b2777c0a.pth"],
  densenet201: ["densenet201-c1103571.pth"],
  shufflenet_v2_x0_5: ["shufflenetv2_x0.5-f707e7126e.pth"],
  shufflenet_v2_x1_0: ["shufflenetv2_x1-5666bf0f80.pth"],
  shufflenet_v2_x1_5: ["shufflenetv2_x1_5-3c479a10.pth"],
  shufflenet_v2_x2_0: ["shufflenetv2_x2_0-8be3c8ee.pth"],
};

/**
 * Tensors under the current names of torchvision's layers: its DenseNets were stored when a dense layer's
 * `norm1` was still `norm.1`. Other names stay unchanged.
 */
export function withPresentNames<T>(tensors: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  const former = /^(.*denselayer\d+\.(?:norm|conv))\.([12]\.\w+)$/;
  return new Map([...tensors].map(([name, tensor]) => [name.replace(former, "$1$2"), tensor]));
}
