"""The CIFAR ResNets of He et al. 2016 ("Deep Residual Learning", arXiv:1512.03385, section 4.2)."""

from torch import Tensor, nn
from torch.nn import functional

WIDTHS = (16, 32, 64)


class _Block(nn.Module):
    """Two 3x3 convolutions and an identity shortcut (option A: strided, missing channels are zero)."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.stride = 1 if channels_in == channels_out else 2
        self.missing = channels_out - channels_in
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride=self.stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels_out)

    def forward(self, images: Tensor) -> Tensor:
        out = functional.relu(self.norm1(self.conv1(images)))
        out = self.norm2(self.conv2(out))
        if self.missing:
            images = functional.pad(images[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.missing))
        return functional.relu(out + images)


def resnet(depth: int, channels: int, classes: int) -> nn.Module:
    """A ResNet of ``depth`` = 6 n + 2 layers: three stages of n blocks with 16, 32 and 64 channels.

    Input ``[N, channels, H, W] float`` of any H and W, output ``[N, classes]`` logits.
    """
    blocks_a_stage = (depth - 2) // 6
    layers: list[nn.Module] = [
        nn.Conv2d(channels, WIDTHS[0], 3, padding=1, bias=False),
        nn.BatchNorm2d(WIDTHS[0]),
        nn.ReLU(),
    ]
    channels_in = WIDTHS[0]
    for width in WIDTHS:
        for _ in range(blocks_a_stage):
            layers.append(_Block(channels_in, width))
            channels_in = width
    model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(WIDTHS[-1], classes))
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)  # He et al. 2015, as section 4.2 says
    return model
